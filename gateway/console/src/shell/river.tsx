// The mark: a river's loop between two banks, in the two cities' colours.
import {useSettings} from './settings';
import {cityColour} from './theme';

export function River({small = false}: {small?: boolean}) {
  const {mode} = useSettings();
  return (
    <svg className={small ? 'river small' : 'river'} viewBox="0 0 32 32" aria-hidden="true">
      <path d="M0 6a6 6 0 0 1 6-6h20a6 6 0 0 1 6 6v7c-6 0-7 6-12.5 6S11 12 6 12.5C3.5 12.7 1.5 14 0 15.5z" fill={cityColour('shenzhen', mode)} />
      <path d="M32 17v9a6 6 0 0 1-6 6H6a6 6 0 0 1-6-6v-6c1.5-1.8 3.500-3.3 6-3.5C11 16 13.5 23 19.5 23S26 17 32 17z" fill={cityColour('hongkong', mode)} />
    </svg>
  );
}
