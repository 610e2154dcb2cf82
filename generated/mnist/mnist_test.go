package mnist_test

import (
	"context"
	"math"
	"testing"

	"ndec.dev/ndec/generated/mnist"
	"ndec.dev/ndec/rt"
)

// TestData: the committed data train from a clean clone.
func TestData(t *testing.T) {
	res, err := mnist.TrainFit(context.Background(), mnist.NewParams(1), rt.TrainOptions{DevRun: true, Limit: 12})
	if err != nil {
		t.Fatal(err)
	}
	if math.IsNaN(res.Loss) || res.Steps != 1 {
		t.Errorf("%d steps, loss %v", res.Steps, res.Loss)
	}
}
