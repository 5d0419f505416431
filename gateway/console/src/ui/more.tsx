// The button below a list that is asked for page by page; not there when everything is shown.
import {useWords} from '../shell/settings';
import {Button} from './button';

interface Pages {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => Promise<unknown>;
}

export function More({of: pages}: {of: Pages}) {
  const {t} = useWords();
  if (!pages.hasNextPage) return null;
  return (
    <p>
      <Button onClick={() => void pages.fetchNextPage()} loading={pages.isFetchingNextPage}>
        {t('shell.more')}
      </Button>
    </p>
  );
}
