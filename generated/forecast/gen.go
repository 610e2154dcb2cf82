package forecast

//go:generate go tool ndec build .
