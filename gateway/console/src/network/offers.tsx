// What owners offer of their platforms, here and in the regions of peers.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {get, post} from '../api/client';
import type {ComputeOffer} from '../api/types';
import {useStatus} from '../shell/frame';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {Confirm} from '../ui/confirm';
import {money, number} from '../ui/format';
import {Bar, City, Panel, Shown, Time} from '../ui/parts';
import {Table} from '../ui/table';
import {shareOf, toneOf} from './shares';

export function Offers() {
  const {t} = useWords();
  const {has} = useSession();
  const own = useStatus().data?.region;
  const client = useQueryClient();
  const offers = useQuery({queryKey: ['offers'], queryFn: ({signal}) => get<{offers: ComputeOffer[]}>('/api/v1/offers', signal), refetchInterval: 15_000});
  const withdraw = async (id: string) => {
    await post(`/api/v1/offers/${encodeURIComponent(id)}/withdraw`);
    await client.invalidateQueries({queryKey: ['offers']});
  };
  return (
    <Panel title={t('offers.title')}>
      <Shown of={offers}>
        {(data) => (
          <Table
            label={t('offers.title')}
            rows={data.offers}
            keyOf={(offer) => offer.id}
            none={t('offers.none')}
            columns={[
              {head: t('data.region'), cell: (offer) => <City region={offer.region} />},
              {head: t('network.platform'), cell: (offer) => offer.platform},
              {
                head: t('offers.what'),
                cell: (offer) => (
                  <>
                    {offer.accelerator ?? t('overview.cores')}
                    {offer.note && <span className="basis">{offer.note}</span>}
                  </>
                ),
              },
              {
                head: t('offers.taken'),
                number: true,
                cell: (offer) => (
                  <>
                    {number(offer.taken)} / {number(offer.count)}
                    <Bar share={shareOf(offer.taken, offer.count)} tone={toneOf(shareOf(offer.taken, offer.count))} label={t('overview.used', {used: offer.taken, total: offer.count})} />
                  </>
                ),
              },
              {head: t('offers.price'), number: true, cell: (offer) => money(offer.price_hour, offer.currency)},
              {head: t('filings.from'), cell: (offer) => <Time at={offer.from} />},
              {head: t('offers.until'), cell: (offer) => <Time at={offer.until} />},
              {head: t('filings.act'), cell: (offer) => has('operator') && offer.region === own && <Confirm title={t('offers.withdrawSure')} label={t('filings.withdraw')} act={() => withdraw(offer.id)} />},
            ]}
          />
        )}
      </Shown>
    </Panel>
  );
}
