export const notes = ["c", "d", "e"];
