"""Trains a classifier on patients' measurements and reports how good it is: nothing of a single patient leaves.

Logistic regression by gradient descent, five-fold cross-validation, standard library only. Reads the table that
Debian's python3-sklearn ships (569 patients, 30 measurements, one diagnosis); writes one row for each fold.
"""
import csv
import math

DATA, OUT = "/data/patients.csv", "/out/quality.csv"
FOLDS, ROUNDS, RATE = 5, 300, 0.5


def read(path):
    with open(path, newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [([float(v) for v in row[:-1]], int(row[-1])) for row in rows]


def standardise(rows):
    columns = list(zip(*(x for x, _ in rows)))
    means = [sum(c) / len(c) for c in columns]
    spreads = [math.sqrt(sum((v - m) ** 2 for v in c) / len(c)) or 1.0 for c, m in zip(columns, means)]
    return [([(v - m) / s for v, m, s in zip(x, means, spreads)] + [1.0], y) for x, y in rows]


def chance(weights, x):
    score = sum(w * v for w, v in zip(weights, x))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


def train(rows):
    weights = [0.0] * len(rows[0][0])
    for _ in range(ROUNDS):
        slope = [0.0] * len(weights)
        for x, y in rows:
            error = chance(weights, x) - y
            for i, v in enumerate(x):
                slope[i] += error * v
        weights = [w - RATE * s / len(rows) for w, s in zip(weights, slope)]
    return weights


rows = standardise(read(DATA))
with open(OUT, "w", newline="") as file:
    table = csv.writer(file)
    table.writerow(["fold", "n", "accuracy", "sensitivity", "specificity"])
    for fold in range(FOLDS):
        held_out = rows[fold::FOLDS]
        weights = train([row for i, row in enumerate(rows) if i % FOLDS != fold])
        guesses = [(chance(weights, x) >= 0.5, y == 1) for x, y in held_out]
        right = sum(g == y for g, y in guesses)
        benign = sum(y for _, y in guesses)
        found = sum(g and y for g, y in guesses)
        rejected = sum(not g and not y for g, y in guesses)
        table.writerow([fold + 1, len(guesses), f"{right / len(guesses):.3f}", f"{found / benign:.3f}",
                        f"{rejected / (len(guesses) - benign):.3f}"])
