package shared

type Cents int64
