package mnist

//go:generate go tool ndec build --target go .
