"""One run of a job that imgpipe compares with its own, as somebody would write it with Pillow and concurrent.futures.

Usage: peer.py JOB. JOB is a JSON file: what is done, by how many workers and of which kind, and where the report goes.
The start of its clock is in IMGPIPE_PEER_BEGAN. When standard input ends, so does this process group: nobody waits for
it anymore.
"""
import json
import os
import signal
import sys
import threading
import time


def image(task):
    """Makes a smaller picture of one file or URL. Returns its index, begin, bytes read and written, and failure."""
    from PIL import Image, ImageOps

    job, index, source, output = task
    began, read, written, failure = time.time(), 0, 0, None
    try:
        if source.startswith((b"http://", b"https://")):
            from io import BytesIO
            from urllib.request import urlopen

            with urlopen(source.decode("ascii"), timeout=30) as answer:
                data = answer.read()
            read, file = len(data), BytesIO(data)
        else:
            file = open(source, "rb")
            read = os.fstat(file.fileno()).st_size
        with file, Image.open(file) as im:
            turned = im.getexif().get(0x0112, 1) >= 5
            if job["width"]:
                box = job["width"], job["height"]
                # A JPEG is decoded at an eighth, a quarter or half of its size where that is enough: thumbnail calls
                # draft, as its reducing_gap is 2 by default.
                im.thumbnail(box[::-1] if turned else box, Image.LANCZOS)
            made = ImageOps.exif_transpose(im)
        written = save(made, output, job)
    except Exception as error:
        code = getattr(error, "code", None)
        failure = ("http-%d" % code if isinstance(code, int) else "decode", "%s: %s" % (type(error).__name__, error))
    return index, began, read, written, failure, 0


def save(im, output, job):
    """Writes a picture as imgpipe does: a JPEG has no transparency, and lies on white."""
    from PIL import Image

    if im.mode.startswith("I"):
        im = im.point(lambda v: v / 256).convert("L")
    if output.endswith(b".png"):
        with open(output, "wb") as file:
            im.save(file, "PNG")
            return file.tell()
    if im.mode in ("RGBA", "LA", "PA") or "transparency" in im.info:
        im = im.convert("RGBA")
        white = Image.new("RGBA", im.size, "white")
        im = Image.alpha_composite(white, im)
    if im.mode not in ("RGB", "L"):
        im = im.convert("RGB")
    with open(output, "wb") as file:
        im.save(file, "JPEG", quality=job["quality"])
        return file.tell()


def loops(task):
    """Draws noise and blurs it with a box, byte by byte: the same loops as loops.go. Returns what image returns."""
    job, index, _, _ = task
    began, side, radius = time.time(), job["side"], job["radius"]
    state = (index * 2654435761 + 12345) & 0xFFFFFFFF
    plane = bytearray(side * side)
    for i in range(side * side):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        plane[i] = state >> 24
    check = 0
    for y in range(side):
        top, bottom = max(y - radius, 0), min(y + radius + 1, side)
        for x in range(side):
            left, right = max(x - radius, 0), min(x + radius + 1, side)
            total = 0
            for row in range(top * side, bottom * side, side):
                for i in range(row + left, row + right):
                    total += plane[i]
            check = (check * 31 + total // ((bottom - top) * (right - left))) & 0xFFFFFFFF
    return index, began, side * side, 0, None, check


def pool(kind, workers):
    """Returns an executor of a kind, or None for one item at a time."""
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

    if kind == "serial":
        return None
    if kind in ("fork", "spawn"):
        import multiprocessing

        return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context(kind))
    return ThreadPoolExecutor(workers)


def leave_with_parent():
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGKILL)


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        job = json.load(file)
    threading.Thread(target=leave_with_parent, daemon=True).start()
    do = image if job["task"] == "images" else loops
    if do is image:
        import PIL.Image  # before the pool: a process that is forked has it then
        import PIL.ImageOps
    # Names are bytes, which need not be text: each stands in the job as the character of its number.
    settings = {k: job[k] for k in ("width", "height", "quality", "side", "radius")}
    tasks = [(settings, i, s.encode("latin-1"), o.encode("latin-1")) for i, (s, o) in enumerate(job["items"])]
    executor = pool(job["kind"], job["workers"])
    if executor is None:
        results = [do(t) for t in tasks]
    else:
        with executor:
            results = list(executor.map(do, tasks))
    began = float(os.environ["IMGPIPE_PEER_BEGAN"])
    failures = [{"index": r[0], "class": r[4][0], "error": r[4][1]} for r in results if r[4]]
    report = {
        "before_s": min([r[1] for r in results], default=began) - began,
        "bytes_in": sum(r[2] for r in results),
        "bytes_out": sum(r[3] for r in results),
        "outputs": sum(1 for r in results if r[3]),
        "failed": failures,
        "checksum": sum(r[5] for r in results) & 0xFFFFFFFF,
    }
    with open(job["report"], "w", encoding="ascii") as file:
        json.dump(report, file)


if __name__ == "__main__":
    main()
