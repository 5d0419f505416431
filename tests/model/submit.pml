/* The protocol of one submission: submit held under our key, find by key, record, release, start fence.
 *
 * A gateway that crashes at any point, a network that loses any request or answer, and a scheduler that forgets what it
 * acknowledged, requeues and starts twice. Shown for every interleaving within the bounds below:
 *   - the program runs at most once (the fence), whatever the scheduler does;
 *   - there is never a second open submission while the first may still be there (look up before repeating);
 *   - the gateway comes to an end, and leaves nothing held behind.
 * The gateway's states are those of the run's table in gateway/federation/table.cpp; a test compares the two.
 *
 * Time is not in the model: that a request on its way arrives or is lost within the settle time is the assumption that the
 * settle time stands for, so a look-up waits until none is on its way; the same of answers. (An early draft repeated at once what
 * the scheduler had forgotten: an answer to the first submission then passed for one to the second. spin found that.)
 */

#define CRASHES 2      /* of the gateway */
#define LOSSES 2       /* of requests or answers */
#define FORGETS 1      /* acknowledged submissions that vanish */
#define RESTARTS 2     /* requeues and double starts together */

mtype = { submitting, releasing, running, collecting, returning, lost };
mtype = { ok, absent, unknown };

mtype state = submitting;  /* durable: survives a crash */
bool recorded = false;     /* the platform's id is in the record */

/* the scheduler */
byte open = 0;             /* submissions of our key that are held, queued or running */
bool held = false;
bool released = false;
bool ended = false;
bool duplicate = false;    /* it ended because it found the token taken */
byte starts = 0;           /* of the program, behind the fence */
bool token = false;        /* the start token, in the city's spool */
bool on_its_way = false;   /* a submission request is in the network */

byte crashes = 0, losses = 0, forgets = 0, restarts = 0;

chan answer = [1] of { mtype };

inline forget_answer() { do :: answer ? _ :: empty(answer) -> break od }

/* What a released submission does first: takes the token, or finds it taken and does nothing. */
inline start() {
  if
  :: !token -> token = true; starts++; assert(starts <= 1)
  :: token -> duplicate = true  /* exits with 0 and "duplicate" */
  fi
}

active proctype scheduler() {
  do
  :: atomic { on_its_way && losses < LOSSES -> on_its_way = false; losses++ }        /* the request is lost */
  :: atomic { on_its_way -> on_its_way = false; assert(open == 0); open = 1; held = true;
       if
       :: answer ! ok
       :: losses < LOSSES -> losses++                                                /* its answer is lost */
       fi }
  :: atomic { open == 1 && held && forgets < FORGETS -> forgets++; open = 0; held = false }
  :: atomic { open == 1 && released && !ended && forgets < FORGETS -> forgets++; open = 0; released = false }
  :: atomic { open == 1 && released && !ended -> duplicate = false; start(); ended = true }
  :: atomic { open == 1 && released && restarts < RESTARTS -> restarts++; start() }  /* requeue, double start */
  :: atomic { state == returning || state == lost -> break }
  od
}

active proctype gateway() {
  bool sent = false;  /* in memory: gone after a crash */
again:
  do
  :: atomic { crashes < CRASHES -> crashes++; sent = false; forget_answer() }
  :: atomic { state == submitting && !sent && !on_its_way && empty(answer) ->
       /* after a crash, or when no answer came: found by key, or surely absent, before anything is repeated */
       if
       :: open == 1 -> state = releasing; recorded = true
       :: open == 0 -> sent = true; on_its_way = true
       fi }
  :: atomic { state == submitting && nempty(answer) -> answer ? ok; sent = false; state = releasing; recorded = true }
  :: atomic { state != submitting && nempty(answer) -> answer ? _ }  /* late: the look-up was faster */
  :: atomic { state == submitting && sent && empty(answer) && !on_its_way -> sent = false }  /* the settle time is over */
  :: atomic { state == releasing && open == 1 ->
       assert(recorded);  /* never released before its id is durable */
       held = false; released = true;
       if
       :: state = running
       :: losses < LOSSES -> losses++  /* released, and the answer is lost: asked again */
       fi }
  :: atomic { state == releasing && ended && !duplicate -> state = collecting; open = 0; released = false }
  :: atomic { state == releasing && open == 0 && !ended && token -> state = lost }  /* seen as gone before it is asked */
  :: atomic { state == releasing && open == 0 && !ended -> recorded = false; state = submitting; sent = false }  /* forgotten */
  :: atomic { state == running && open == 0 -> state = lost }
  :: atomic { state == running && open == 0 && !token -> state = submitting; sent = false }  /* forgotten before it began */
  :: atomic { state == running && ended && duplicate -> state = lost; open = 0; released = false }
  :: atomic { state == running && ended && !duplicate -> state = collecting; open = 0; released = false }
  :: atomic { state == collecting -> state = returning; break }
  :: atomic { state == lost -> break }
  od;
  assert(starts <= 1);
  assert(open == 0)
}

ltl comes_to_an_end { <> (state == returning || state == lost) }
