// Held crossings by deadline: what ends first stands first, what never ends stands last.
import type {Review} from '../api/types';

export function byDeadline(reviews: Review[]): Review[] {
  return [...reviews].sort((a, b) => (a.expires ?? '9') < (b.expires ?? '9') ? -1 : (a.expires ?? '9') > (b.expires ?? '9') ? 1 : a.opened < b.opened ? -1 : 1);
}

// Seconds left; negative when it is over; null without a deadline.
export const left = (review: Review, now: number): number | null => (review.expires ? (Date.parse(review.expires) - now) / 1000 : null);
