//go:build !amd64 || purego

package rt

func addLanes[R Float](dst, src []R, n int) int { return 0 }
