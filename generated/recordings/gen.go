package recordings

//go:generate go tool ndec build --precision f64 .
