// Colours: two cities, one river. Shenzhen is blue, Hong Kong is its bauhinia's purple; the accent is that of the city
// whose gateway one looks at.
export type Mode = 'light' | 'dark';

const cities: Record<string, Record<Mode, string>> = {
  shenzhen: {light: '#1763b0', dark: '#6db1f5'},
  hongkong: {light: '#8f3a8a', dark: '#d993d3'},
};
const others: Record<Mode, string>[] = [
  {light: '#5b6b13', dark: '#b9c96b'},
  {light: '#8a4b0f', dark: '#e0a569'},
  {light: '#136b6b', dark: '#6cc7c7'},
];

export function cityColour(region: string, mode: Mode): string {
  const known = cities[region];
  if (known) return known[mode];
  let sum = 0;
  for (const letter of region) sum = (sum * 31 + letter.charCodeAt(0)) % 9973;
  return (others[sum % others.length] ?? others[0]!)[mode];
}

export const effectColours: Record<Mode, Record<string, string>> = {
  light: {permit: '#1d7a46', hold: '#8a5a00', forbid: '#b3261e'},
  dark: {permit: '#6fcf97', hold: '#f0b858', forbid: '#ff8a80'},
};
