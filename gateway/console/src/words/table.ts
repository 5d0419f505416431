// All rows; one that lacks a language does not compile.
import {auditWords} from './audit';
import {codeWords} from './codes';
import {jobWords} from './jobs';
import {networkWords} from './network';
import {policyWords} from './policy';
import {reviewWords} from './reviews';
import {shareWords} from './shares';
import {shellWords} from './shell';

export const rows = {...shellWords, ...codeWords, ...jobWords, ...reviewWords, ...policyWords, ...auditWords, ...networkWords, ...shareWords};
export const columns = {en: 0, 'zh-Hans': 1, 'zh-Hant': 2} as const;
