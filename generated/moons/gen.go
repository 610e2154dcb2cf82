package moons

//go:generate go tool ndec build .
