package moons4

//go:generate go tool ndec build .
