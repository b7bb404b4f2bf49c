package area

import "testing"

func TestCleanName(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "หนองแคน", "หนองแคน"},
		{"spaces", "  บ้าน \u00a0 ใหม่\t", "บ้าน ใหม่"},
		{"zero-width space inside a word", "หนอง\u200bแคน", "หนองแคน"},
		{"byte order mark", "\ufeffตรัง", "ตรัง"},
		{"Thai digits", "ไพร ๑๒", "ไพร 12"},
		{"doubled sara e", "หนอง\u0e40\u0e40คน", "หนองแคน"},
		{"nikhahit and sara aa", "ค\u0e4d\u0e32นาดี", "คำนาดี"},
		{"nikhahit, tone, sara aa", "น\u0e4d\u0e49\u0e32จั้น", "น้ำจั้น"},
		{"tone, nikhahit, sara aa", "น\u0e49\u0e4d\u0e32จั้น", "น้ำจั้น"},
		{"sara am before the tone", "น\u0e33\u0e49จั้น", "น้ำจั้น"},
		{"tone before the vowel mark", "โป\u0e49\u0e34ง", "โป\u0e34\u0e49ง"},
		{"two tones before the vowel mark", "โป\u0e49\u0e49\u0e34ง", "โป\u0e34\u0e49\u0e49ง"},
		{"thanthakhat before the vowel mark", "ลำสินธ\u0e4c\u0e38", "ลำสินธุ์"},
		{"invisible character between the two", "โป\u0e49\u200d\u0e34ง", "โป\u0e34\u0e49ง"},
		{"not Thai", "Trang", "Trang"},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := CleanName(tt.in); got != tt.want {
				t.Errorf("CleanName(%+q) = %+q, want %+q", tt.in, got, tt.want)
			}
		})
	}
}

func FuzzCleanNameTwiceIsOnce(f *testing.F) {
	f.Add("น\u0e4d\u0e49\u0e32\u0e49\u0e34")
	f.Add("\u0e40\u0e40\u0e40 \u200b๑\xff")
	f.Fuzz(func(t *testing.T, s string) {
		once := CleanName(s)
		if twice := CleanName(once); twice != once {
			t.Fatalf("CleanName(%+q) = %+q, and again %+q", s, once, twice)
		}
	})
}
