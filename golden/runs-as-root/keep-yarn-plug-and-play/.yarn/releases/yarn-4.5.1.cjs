// The program of Yarn would be here.
