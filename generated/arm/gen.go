package arm

//go:generate go tool ndec build .
