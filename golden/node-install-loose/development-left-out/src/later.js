import ms from "ms";

export const later = (text) => ms(text);
