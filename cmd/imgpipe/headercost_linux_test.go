package main

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// headerBytes is how much stands in each header of headersOfStrangers.
const headerBytes = 24 << 20

// headersOfStrangers are files of every format in which so much stands before the pixels, in many parts, in one, or
// packed.
func headersOfStrangers(t *testing.T) map[string][]byte {
	repeated := func(part []byte) []byte { return bytes.Repeat(part, headerBytes/len(part)) }
	chunk := func(kind string, data []byte) []byte {
		b := append(be.AppendUint32(nil, uint32(len(data))), kind...)
		b = append(b, data...)
		return be.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
	}
	png := func(extra []byte) []byte {
		b := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", []byte{0, 0, 0, 40, 0, 0, 0, 40, 8, 0, 0, 0, 0})...)
		b = append(b, extra...)
		return append(append(b, chunk("IDAT", zlibZeros(40*41))...), chunk("IEND", nil)...)
	}
	photo := func(extra []byte) []byte { // behind SOI
		dir := t.TempDir()
		if err := writePicture(filepath.Join(dir, "a.jpg"), 64, 48); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(dir, "a.jpg"))
		if err != nil {
			t.Fatal(err)
		}
		return append(append(bytes.Clone(data[:2]), extra...), data[2:]...)
	}
	words := []byte("\nexif\n  16777216\n" + strings.Repeat("45 ", 1<<20))
	segment := func(marker byte, data []byte) []byte {
		return append(be.AppendUint16([]byte{0xff, marker}, uint16(len(data)+2)), data...)
	}
	riff := func(extra []byte) []byte {
		b := append([]byte("WEBPVP8X"), 10, 0, 0, 0, 0x2c, 0, 0, 0, 39, 0, 0, 39, 0, 0)
		b = append(b, extra...)
		return append(le.AppendUint32([]byte("RIFF"), uint32(len(b))), b...)
	}
	entries := headerBytes / 12
	tiff := le.AppendUint16(le.AppendUint32([]byte("II*\x00"), 8), 0xffff)
	for i := range min(entries, 0xffff) {
		tiff = le.AppendUint32(le.AppendUint32(le.AppendUint16(le.AppendUint16(tiff, uint16(256+i)), 1), 0x7fffffff), 8)
	}
	return map[string][]byte{
		"text.png": png(repeated(chunk("tEXt", append([]byte("Raw profile type exif\x00"), words...)))),
		"one.png": png(chunk("tEXt",
			append([]byte("Raw profile type exif\x00"), bytes.Repeat([]byte("45 "), headerBytes/3)...))),
		"packed.png": png(bytes.Repeat(chunk("zTXt",
			append([]byte("Raw profile type exif\x00\x00"), zlibZeros(64<<20)...)), 64)),
		"profile.png": png(chunk("iCCP", append([]byte("icc\x00\x00"), zlibZeros(1<<30)...))),
		"chunks.png":  png(repeated(chunk("tEXt", []byte("a\x00b")))),
		"xmp.jpg": photo(repeated(segment(0xe1,
			append([]byte("http://ns.adobe.com/xap/1.0/\x00"), bytes.Repeat([]byte("tiff:Orientation"), 2000)...)))),
		"icc.jpg": photo(repeated(segment(0xe2,
			append([]byte("ICC_PROFILE\x00\x01\xff"), make([]byte, 60000)...)))),
		"comment.jpg": photo(repeated(segment(0xfe, nil))),
		"blocks.gif": append(append([]byte("GIF89a\x28\x00\x28\x00\x00\x00\x00\x21\xfe"),
			repeated([]byte{1, 'a'})...), 0, 0x3b),
		"parts.gif": append(append([]byte("GIF89a\x28\x00\x28\x00\x00\x00\x00"),
			repeated([]byte{0x21, 0xfe, 1, 'a', 0})...), 0x3b),
		"tags.tif":    append(tiff, make([]byte, headerBytes-len(tiff))...),
		"chunks.webp": riff(repeated(append(le.AppendUint32([]byte("EXIF"), 4), "abcd"...))),
		"head.bmp": append(append([]byte("BM"), make([]byte, 12)...),
			bytes.Repeat([]byte{0xff, 0xff, 0xff, 0x7f}, headerBytes/4)...),
	}
}

// costOfParent runs imgpipe in mode processes and returns what the run itself took, its workers not counted: the peak
// of its memory, in bytes, and CPU time.
func costOfParent(t *testing.T, path string) (peak int64, cpu time.Duration) {
	t.Helper()
	cmd := program(t.Context(), "run", "-q", "-m", "processes", "-w", "1", "--resize", "20", "--item-timeout", "20s",
		"-o", t.TempDir(), path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	for ended := false; !ended; {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOWAIT|unix.WNOHANG, nil)
		ended = err == nil && info.Signo != 0
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if _, rest, ok := strings.Cut(string(status), "VmHWM:"); ok {
			kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			peak = max(peak, kib<<10)
		}
		time.Sleep(time.Millisecond) // of a figure that only grows; the last bit of it may be missed
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // what it used itself stays until it is waited for
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if s := cmd.ProcessState.Sys().(syscall.WaitStatus); s.Signaled() || s.ExitStatus() > exitSomeFailed {
		t.Fatalf("it ended with %v", cmd.ProcessState)
	}
	return peak, time.Duration(user+system) * 10 * time.Millisecond
}

// TestInProcessModeAHeaderCostsTheParentNothing compares what a run takes for headers of strangers with what it takes
// for as many plain bytes.
func TestInProcessModeAHeaderCostsTheParentNothing(t *testing.T) {
	if raceDetector {
		t.Skip("memory and time are those of the race detector")
	}
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain := map[int][2]int64{}
	for name, data := range headersOfStrangers(t) {
		if _, ok := plain[len(data)>>20]; !ok {
			peak, cpu := costOfParent(t,
				write("plain.jpg", append([]byte("\xff\xd8"), bytes.Repeat([]byte{1}, len(data)-2)...)))
			plain[len(data)>>20] = [2]int64{peak, int64(cpu)}
		}
		base := plain[len(data)>>20]
		peak, cpu := costOfParent(t, write(name, data))
		t.Logf("%-12s %9d bytes: peak %3d MB, CPU %v; plain bytes: %3d MB, %v", name, len(data), peak/1e6, cpu,
			base[0]/1e6, time.Duration(base[1]))
		if peak > base[0]+60e6 || cpu > time.Duration(base[1])+300*time.Millisecond {
			t.Errorf("%s: %d MB and %v, where as many plain bytes take %d MB and %v", name, peak/1e6, cpu, base[0]/1e6,
				time.Duration(base[1]))
		}
	}
}
