// What a job, a request for data or a project can be for.
export const purposes = ['research', 'teaching', 'commercial', 'hr-management', 'contract-performance', 'emergency', 'statutory-duty', 'foreign-judicial'];
