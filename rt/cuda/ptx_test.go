package cuda

import "testing"

func TestFitVersion(t *testing.T) {
	for _, c := range []struct {
		text   string
		driver int
		want   string
	}{
		{"// x\n.version 9.0\n.target sm_80\n", 13000, "// x\n.version 9.0\n.target sm_80\n"},
		{"// x\n.version 9.0\n.target sm_80\n", 12040, "// x\n.version 7.8\n.target sm_80\n"},
		{".version 8.4\n", 12040, ".version 8.4\n"},
		{".version 8.4\n", 12030, ".version 7.8\n"},
		{".version 9.5\n", 13000, ".version 7.8\n"},
		{".version 7.8\n", 11080, ".version 7.8\n"},
		{"no ptx", 13000, "no ptx"},
	} {
		if got := fitVersion(c.text, c.driver); got != c.want {
			t.Errorf("driver %d: %q, want %q", c.driver, got, c.want)
		}
	}
}
