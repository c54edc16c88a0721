/** The variable that says how far a process's clock is off, in milliseconds. */
export const clockVariable = 'CHIMERA_CLOCK_OFF_BY_MS';
