package lagrange

//go:generate go tool ndec build .
