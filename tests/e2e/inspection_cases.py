"""What `hetao inspect` must find, must not find, and must hold: made here, all identifiers synthetic.

Each case is (name, bytes, expect, kinds): expect is "hit" (these kinds are found), "none" (clean), "hold" (incomplete, and
nothing found) or "unclean" (anything but clean).
"""
import base64
import bz2
import ctypes
import ctypes.util
import gzip
import io
import json
import lzma
import pathlib
import random
import sqlite3
import struct
import tarfile
import tempfile
import zipfile
import zlib

RESIDENT = "11010519491231002X"
HKID = "A123456(3)"
MOBILE = "13800138000"
CARD = "6222021234567890128"
PLAIN = {
    "cn_resident_id": RESIDENT,
    "hkid": HKID,
    "cn_mobile": MOBILE,
    "unionpay_pan": CARD,
    "intl_pan": "4111111111111111",
    "hk_phone": "+852 9123 4567",
    "email": "alice.chan@example.com",
    "cn_uscc": "91440300MA5XXXX06L",
    "iban": "GB82WEST12345698765432",
    "cn_plate": "粤B·12345",
    "vin": "1M8GDM9AXKP042788",
    "mac_address": "00:00:5E:00:53:01",
    "cn_hmt_residence_permit": "810000190001010018",
    "cn_landline": "0755-22222222",
    "mo_phone": "+853 6612 3456",
    "geo_point_cn": "22.54310,114.05790",
    "private_key_pem": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "cn_secret_marking": "机密★10年",
    "cn_military_id": "军字第00000001号",
    "cn_passport": "护照号 E00000001",
    "hk_passport": "HKSAR passport: K00000001",
    "hk_home_return_permit": "回乡证: H0000000100",
    "cn_eep_hk_macao": "往来港澳通行证 C00000001",
    "cn_taiwan_permits": "台胞证号: 00000001",
    "mo_bir": "澳門身份證 1000000(0)",
    "hk_brn": "Business Registration No. 12345678",
    "hk_bank_account": "A/C No. 004-000-000001-000",
    "hk_plate": "車牌 AB 1234",
    "imei": "IMEI 350000000000006",
    "imsi_cn": "IMSI=460000000000001",
    "cn_resident_id_15": "身份证号: 440304000101001",
}
FIVE = {"cn_resident_id", "hkid", "cn_mobile", "unionpay_pan", "hk_phone"}
TABLE = f"姓名,身份证号,HKID,手机,电话,银行卡\n张三,{RESIDENT},{HKID},{MOBILE},+852 9123 4567,{CARD}\n"
CORE = ["cn_resident_id", "hkid", "cn_mobile", "unionpay_pan", "intl_pan", "email"]
DIGITS = ["cn_resident_id", "hkid", "cn_mobile", "unionpay_pan", "intl_pan", "hk_phone"]


def zstd(data):
    lib = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
    lib.ZSTD_compressBound.restype = lib.ZSTD_compress.restype = ctypes.c_size_t
    out = ctypes.create_string_buffer(lib.ZSTD_compressBound(ctypes.c_size_t(len(data))))
    size = lib.ZSTD_compress(out, ctypes.c_size_t(len(out)), data, ctypes.c_size_t(len(data)), 3)
    return out.raw[:size]


def archive(kind, name, data):
    """A member in an archive of libarchive's: 7zip, cpio_newc, xar, iso9660, ar_bsd."""
    lib = ctypes.CDLL(ctypes.util.find_library("archive") or "libarchive.so.13")
    for function in ("archive_write_new", "archive_entry_new"):
        getattr(lib, function).restype = ctypes.c_void_p
    a = ctypes.c_void_p(lib.archive_write_new())
    if getattr(lib, "archive_write_set_format_" + kind)(a) != 0:
        raise RuntimeError(kind)
    out = ctypes.create_string_buffer(len(data) * 2 + (1 << 20))
    used = ctypes.c_size_t()
    lib.archive_write_set_bytes_in_last_block(a, 1)
    lib.archive_write_open_memory(a, out, ctypes.c_size_t(len(out)), ctypes.byref(used))
    e = ctypes.c_void_p(lib.archive_entry_new())
    lib.archive_entry_set_pathname(e, name.encode())
    lib.archive_entry_set_size(e, ctypes.c_int64(len(data)))
    lib.archive_entry_set_filetype(e, 0o100000)
    lib.archive_entry_set_perm(e, 0o644)
    lib.archive_write_header(a, e)
    lib.archive_write_data(a, data, ctypes.c_size_t(len(data)))
    lib.archive_write_close(a)
    return out.raw[: used.value]


def tar(*members, **options):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", **options) as t:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.mtime = 1700000000
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(*members, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        for name, data in members:
            z.writestr(name, data)
    return out.getvalue()


def xml_docx(text):
    runs = "".join(f"<w:r><w:t>{c}</w:t></w:r>" for c in text)
    body = f'<?xml version="1.0"?><w:document xmlns:w="x"><w:body><w:p>{runs}</w:p></w:body></w:document>'
    types = '<?xml version="1.0"?><Types xmlns="t"/>'
    return zipped(("[Content_Types].xml", types.encode()), ("word/document.xml", body.encode()))


def pdf(content, packed=True):
    stream = zlib.compress(content) if packed else content
    head = b"<< /Length %d %s>>" % (len(stream), b"/Filter /FlateDecode " if packed else b"")
    return b"%PDF-1.4\n4 0 obj\n" + head + b"\nstream\n" + stream + b"\nendstream\nendobj\ntrailer<<>>\n%%EOF\n"


def npy(descr, data, count):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({count},), }}"
    header = header.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def safetensors(dtype, data):
    head = json.dumps({"w": {"dtype": dtype, "shape": [1], "data_offsets": [0, len(data)]}}).encode()
    return struct.pack("<Q", len(head)) + head + data


def database(statements):
    with tempfile.NamedTemporaryFile(suffix=".db") as f:
        connection = sqlite3.connect(f.name)
        for statement, values in statements:
            connection.execute(statement, values)
        connection.commit()
        connection.close()
        return pathlib.Path(f.name).read_bytes()


def fullwidth(text):
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def escapes(text):
    yield "url", "".join(f"%{b:02X}" for b in text.encode())
    yield "url-lower-twice", "".join(f"%25{b:02x}" for b in text.encode())
    yield "json-u", "".join(f"\\u{ord(c):04x}" for c in text)
    yield "python-x", "".join(f"\\x{b:02x}" for b in text.encode())
    yield "entity-decimal", "".join(f"&#{ord(c)};" for c in text)
    yield "entity-hex", "".join(f"&#x{ord(c):X};" for c in text)


def encodings():
    for kind, text in PLAIN.items():
        line = f"前文 before, {text}。 after\n"
        yield f"utf-8-{kind}", line.encode(), "hit", {kind}
        yield f"utf-8-bom-{kind}", b"\xef\xbb\xbf" + line.encode(), "hit", {kind}
        for codec in ("utf-16-le", "utf-16-be", "utf-16", "utf-32-le", "utf-32-be", "utf-32"):
            yield f"{codec}-{kind}", (line * 3).encode(codec), "hit", {kind}
        for codec in ("gbk", "gb18030", "big5"):
            try:
                yield f"{codec}-{kind}", line.replace("。", ".").replace("前文", "中文").encode(codec), "hit", {kind}
            except UnicodeEncodeError:
                pass
        yield f"base64-{kind}", base64.b64encode((line * 3).encode()), "hit", {kind}
        yield f"base64-wrapped-{kind}", base64.encodebytes((line * 6).encode()), "hit", {kind}
    for kind in CORE:
        text = PLAIN[kind]
        yield f"fullwidth-{kind}", f"号码{fullwidth(text)}完".encode(), "hit", {kind}
        for width, mark in (("zwsp", "\u200b"), ("zwj", "\u200d"), ("bom", "\ufeff"), ("wj", "\u2060"), ("shy", "\u00ad")):
            yield f"{width}-{kind}", ("x " + mark.join(text) + " y").encode(), "hit", {kind}
        for name, escaped in escapes(text):
            yield f"{name}-{kind}", f'{{"v":"{escaped}"}}'.encode(), "hit", {kind}
        if kind == "email":
            continue
        spread = "".join(c + "\0" for c in text)
        yield f"nul-inside-{kind}", b"\x01\x02\x03\x04\x05\x06 " + spread.encode() + b"\x07\x08\x01\x02", "hit", {kind}
    for kind in DIGITS:
        data = PLAIN[kind].encode()
        for shift in range(3):
            filler = bytes(random.Random(shift).randbytes(60 + shift))
            packed = base64.b64encode(filler + b" " + data + b" " + filler)
            yield f"base64-in-binary-{shift}-{kind}", b"key=" + packed + b"\n", "hit", {kind}
            yield f"base64-urlsafe-{shift}-{kind}", b"key=" + base64.urlsafe_b64encode(filler + b" " + data + b" " + filler) + b"\n", "hit", {kind}
        if kind in ("cn_resident_id", "cn_mobile", "unionpay_pan", "hkid"):
            yield f"hex-{kind}", b"dump " + data.hex().encode() + b" end", "hit", {kind}
            yield f"hex-upper-{kind}", b"dump " + data.hex().upper().encode() + b" end", "hit", {kind}
            yield f"hex-spaced-{kind}", b"dump " + data.hex(" ").encode() + b" end", "hit", {kind}
            yield f"hex-colons-{kind}", b"dump " + data.hex(":").encode() + b" end", "hit", {kind}


def separators():
    for text in ("110105 19491231 002X", "110105-19491231-002X", "1101 0519 4912 3100 2X", "11010519491231002x",
                 "id_11010519491231002X_end", "身份证11010519491231002X号"):
        yield f"resident-{text}", f"see {text} there".encode(), "hit", {"cn_resident_id"}
    for text in ("a123456(3)", "A123456 (3)", "A 123456(3)", "A123456（3）", "AB987654(3)", "AB9876543", "A123456-3", "HKID:A1234563"):
        yield f"hkid-{text}", f"see {text} there".encode(), "hit", {"hkid"}
    for text in ("6222 0212 3456 7890 128", "6222-0212-3456-7890-128"):
        yield f"card-{text}", f"see {text} there".encode(), "hit", {"unionpay_pan"}
    for text in ("4111 1111 1111 1111", "4111-1111-1111-1111", "3782 822463 10005"):
        yield f"card-{text}", f"see {text} there".encode(), "hit", {"intl_pan"}
    for text in ("138-0013-8000", "138 0013 8000", "+86 138 0013 8000", "+8613800138000", "0086-13800138000", "(86)13800138000", "86-13800138000"):
        yield f"mobile-{text}", f"see {text} there".encode(), "hit", {"cn_mobile"}
    for text in ("+85291234567", "(852) 9123 4567", "(+852)91234567", "00852-91234567", "tel: 9123 4567", "電話 21234567", "Phone 2123-4567"):
        yield f"phone-{text}", f"see {text} there".encode(), "hit", {"hk_phone"}
    big5 = "身份證號碼A123456(3)".encode("big5")
    yield "big5-name-touches-hkid", big5, "hit", {"hkid"}
    yield "gbk-half-letter", b"\xd7\x43A123456(3)", "hit", {"hkid"}
    for chunk in (65536, 65536 * 2, 65536 * 64):
        for back in (1, 9, 17, 18):
            yield f"border-{chunk}-{back}", b"." * (chunk - back) + RESIDENT.encode() + b"." * 50, "hit", {"cn_resident_id"}
    yield "border-base64", b"." * (65536 - 20) + base64.b64encode(b"\xff\xfe\x01" + RESIDENT.encode() + b"\xff") + b"\n", "hit", {"cn_resident_id"}
    yield "border-fullwidth", b"." * (65536 - 20) + fullwidth(RESIDENT).encode() + b"...", "hit", {"cn_resident_id"}


PACKERS = {
    "gzip": lambda d: gzip.compress(d, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda d: lzma.compress(d, format=lzma.FORMAT_ALONE),
    "zstd": zstd,
    "zlib": zlib.compress,
    "tar": lambda d: tar(("in/d.csv", d)),
    "tar-pax": lambda d: tar(("p" * 150 + "/d.csv", d), format=tarfile.PAX_FORMAT),
    "tar-gnu": lambda d: tar(("g" * 150 + "/d.csv", d), format=tarfile.GNU_FORMAT),
    "zip": lambda d: zipped(("d.csv", d)),
    "zip-stored": lambda d: zipped(("d.csv", d), method=zipfile.ZIP_STORED),
    "zip-bzip2": lambda d: zipped(("d.csv", d), method=zipfile.ZIP_BZIP2),
    "7z": lambda d: archive("7zip", "d.csv", d),
    "cpio": lambda d: archive("cpio_newc", "d.csv", d),
    "ar": lambda d: archive("ar_bsd", "d.csv", d),
    "iso": lambda d: archive("iso9660", "d.csv", d),
    "xar": lambda d: archive("xar", "d.csv", d),
}


def containers():
    data = TABLE.encode()
    for name, pack in PACKERS.items():
        yield f"in-{name}", pack(data), "hit", FIVE
        if name not in ("iso",):
            yield f"harmless-{name}", pack(b"epoch,loss\n1,0.5\n2,0.25\n"), "none", set()
        for outer in ("gzip", "tar", "zip", "zstd", "xz"):
            yield f"{name}-in-{outer}", PACKERS[outer](pack(data)), "hit", FIVE
    deep = data
    for _ in range(10):
        deep = gzip.compress(deep, mtime=0)
    yield "nested-10", deep, "hit", FIVE
    for _ in range(20):
        deep = gzip.compress(deep, mtime=0)
    yield "nested-30", deep, "hold", set()
    clean = b"nothing here\n"
    gz = gzip.compress(clean, mtime=0)
    yield "gzip-two-members", gz + gzip.compress(data, mtime=0), "hit", FIVE
    yield "gzip-then-text", gz + data, "hit", FIVE
    yield "gzip-then-zeros-then-text", gz + b"\0" * 4096 + data, "hit", FIVE
    yield "gzip-then-zip", gz + zipped(("d.csv", data)), "hit", FIVE
    yield "bz2-then-text", bz2.compress(clean) + data, "hit", FIVE
    yield "xz-then-xz", lzma.compress(clean) + lzma.compress(data), "hit", FIVE
    yield "zstd-skippable", b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zstd(data), "hit", FIVE
    yield "zstd-skippable-holds-it", zstd(clean) + b"\x51\x2a\x4d\x18" + struct.pack("<I", len(data)) + data, "hit", FIVE
    yield "tar-behind-its-end", tar(("c", clean)) + data, "hit", FIVE
    yield "tar-then-tar", tar(("c", clean)) + tar(("d", data)), "hit", FIVE
    yield "tar-then-gzip", tar(("c", clean)) + gzip.compress(data, mtime=0), "hit", FIVE
    yield "zeros-then-tar", b"\0" * 1024 + tar(("d", data)), "hit", FIVE
    yield "zeros-then-gzip", b"\0" * 1000 + gzip.compress(data, mtime=0), "hit", FIVE
    yield "mtree-text", b"#mtree\n" + data, "hit", FIVE
    yield "text-then-zip", b"just text in front\n" + zipped(("d.csv", data)), "hit", FIVE
    yield "zip-then-text", zipped(("c", clean)) + data, "hit", FIVE
    yield "zip-in-zip-stored", zipped(("i.zip", zipped(("d.csv", data))), method=zipfile.ZIP_STORED), "hit", FIVE
    both = zipped(("c", clean))
    local = zipped(("h.csv", data))
    entry = local[: local.rindex(b"PK\x01\x02")]
    yield "zip-entry-not-listed", entry + both, "hit", FIVE
    yield "zip-name", zipped((f"scan-{RESIDENT}.txt", clean)), "hit", {"cn_resident_id"}
    yield "tar-name", tar((f"scan-{RESIDENT}.txt", clean)), "hit", {"cn_resident_id"}
    yield "gzip-name", b"\x1f\x8b\x08\x08\0\0\0\0\0\xff" + f"{RESIDENT}.txt".encode() + b"\0" + gz[10:], "hit", {"cn_resident_id"}
    yield "7z-name", archive("7zip", f"scan-{RESIDENT}.txt", clean), "hit", {"cn_resident_id"}
    comment = io.BytesIO()
    with zipfile.ZipFile(comment, "w") as z:
        z.writestr("c", clean)
        z.comment = f"for {RESIDENT}".encode()
    yield "zip-comment", comment.getvalue(), "hit", {"cn_resident_id"}
    locked = bytearray(zipped(("c", data)))
    for at in (locked.find(b"PK\x03\x04") + 6, locked.find(b"PK\x01\x02") + 8):
        locked[at] |= 1
    yield "zip-encrypted", bytes(locked), "hold", set()
    for name in ("gzip", "bz2", "xz", "zstd", "zip", "tar", "7z"):
        whole = PACKERS[name](random.Random(7).randbytes(3000).hex().encode())
        yield f"cut-{name}", whole[: len(whole) * 2 // 3], "unclean", set()
    damaged = bytearray(gzip.compress(TABLE.encode() * 50, mtime=0))
    damaged[len(damaged) // 2] ^= 0xFF
    yield "damaged-gzip", bytes(damaged), "unclean", set()
    yield "bomb-gzip", gzip.compress(b"\0" * (400 << 20), 9, mtime=0), "hold", set()
    yield "base64-of-gzip", base64.b64encode(gzip.compress(data, mtime=0)), "hit", FIVE
    yield "mime-of-zip", b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(zipped(("d.csv", data))), "hit", FIVE
    yield "utf-16-in-gzip", gzip.compress((TABLE * 4).encode("utf-16"), mtime=0), "hit", FIVE


def documents():
    yield "docx-split-runs", xml_docx(f"身份证 {RESIDENT}"), "hit", {"cn_resident_id"}
    sheet = f'<?xml version="1.0"?><worksheet><sheetData><row><c><v>{MOBILE}</v></c></row></sheetData></worksheet>'
    yield "xlsx-number", zipped(("xl/worksheets/sheet1.xml", sheet.encode())), "hit", {"cn_mobile"}
    yield "html-split", f"<html><body>{RESIDENT[:6]}<b>{RESIDENT[6:14]}</b>{RESIDENT[14:]}</body></html>".encode(), "hit", {"cn_resident_id"}
    shown = f"BT /F1 12 Tf 72 700 Td [({RESIDENT[:6]}) -20 ({RESIDENT[6:]})] TJ ET".encode()
    yield "pdf-flate", pdf(shown), "hit", {"cn_resident_id"}
    yield "pdf-plain", pdf(shown, packed=False), "hit", {"cn_resident_id"}
    yield "pdf-hex", pdf(b"BT <" + RESIDENT.encode().hex().encode() + b"> Tj ET"), "hit", {"cn_resident_id"}
    yield "pdf-harmless", pdf(b"BT (results are fine) Tj ET"), "none", set()
    yield "pdf-encrypted", pdf(shown).replace(b"trailer<<>>", b"trailer<</Encrypt 5 0 R>>").replace(b"%PDF-1.4", b"%PDF-1.5"), "unclean", set()
    picture = b"<< /Subtype /Image /Filter /DCTDecode /Length 4 >>\nstream\n\xff\xd8\xff\xd9\nendstream\n"
    yield "pdf-picture", pdf(b"BT (x) Tj ET").replace(b"trailer", b"5 0 obj\n" + picture + b"endobj\ntrailer"), "hold", set()
    mail = ("From: a\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n" +
            base64.encodebytes((TABLE * 3).encode()).decode())
    yield "mail-base64", mail.encode(), "hit", FIVE


def formats():
    sam = b"@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:chr1\tLN:248956422\nr1\t0\tchr1\t1\t60\t4M\t*\t0\t0\tACGT\tIIII\n"
    vcf = b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t100\trs1\tA\tG\t.\t.\t.\n"
    fastq = (b"@r0\n" + b"ACGT" * 20 + b"\n+\n" + b"I" * 80 + b"\n") * 5
    fasta = b">chr1 test\n" + (b"ACGTNACGTA" * 6 + b"\n") * 3
    nifti = bytearray(400)
    nifti[0:4], nifti[344:348] = struct.pack("<I", 348), b"n+1\0"
    nifti2 = bytearray(560)
    nifti2[0:4], nifti2[4:8] = struct.pack("<I", 540), b"n+2\0"
    dicom = b"\0" * 128 + b"DICM" + b"\x02\0\x10\0UI\x14\x001.2.840.10008.1.2.1\0" + b"\x10\0\x10\0PN\x08\0CHAN^TAI"
    hl7 = b"MSH|^~\\&|LAB|SZ|GW|HK|20261123||ORU^R01|1|P|2.5\rPID|1||12345^^^H||CHAN^TAI MAN\r"
    fhir = b'{ "resourceType" : "Bundle", "entry": [ {"resource": {"resourceType": "Patient", "birthDate": "1980-01-01"}} ] }'
    for name, data, kind in (
        ("sam", sam, "sam_text"), ("vcf", vcf, "vcf_text"), ("fastq", fastq, "fastq"), ("fasta", fasta, "fasta_nt"),
        ("plink", b"\x6c\x1b\x01" + b"\0\xff" * 40, "plink_bed"), ("bcf", b"BCF\x02\x02" + b"\0" * 60, "bcf"),
        ("cram", b"CRAM\x03\x00" + b"x" * 40, "cram"), ("bgen", b"\x14\0\0\0" * 4 + b"bgen" + b"\0" * 20, "bgen"),
        ("nifti", bytes(nifti), "nifti1"), ("nifti2", bytes(nifti2), "nifti2"), ("dicom", dicom, "dicom_file"),
        ("dicom-tags", dicom, "dicom_patient_tags"), ("hl7", hl7, "hl7v2_pid"), ("fhir", fhir, "fhir_patient"),
        ("dtc", b"# rsid\tchromosome\tposition\tgenotype\nrs1\t1\t10\tAA\nrs2\t2\t20\tAG\nrs3\tX\t30\tC\n", "dtc_genotype")):
        yield f"format-{name}", data, "hit", {kind}
        yield f"format-{name}-gz", gzip.compress(data, mtime=0), "hit", {kind}
        yield f"format-{name}-tar", tar(("x/y", data)), "hit", {kind}
        yield f"format-{name}-zip", zipped(("y", data)), "hit", {kind}
    block = zlib.compressobj(wbits=-15)
    bam = block.compress(b"BAM\x01" + struct.pack("<I", 0) * 10) + block.flush()
    bgzf = (b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0" + struct.pack("<H", len(bam) + 25) + bam +
            struct.pack("<II", zlib.crc32(b"BAM\x01" + struct.pack("<I", 0) * 10), 44))
    yield "format-bam", bgzf, "hit", {"bam"}
    yield "format-vcf-behind-comments", b"# my notes\n\n" + vcf, "hit", {"vcf_text"}
    yield "format-hl7-mllp", b"\x0b" + hl7 + b"\x1c\r", "hit", {"hl7v2_pid"}
    numbers = [13800138000 + i for i in range(80)]
    yield "npy-int64", npy("<i8", struct.pack("<80q", *numbers), 80), "hit", {"cn_mobile"}
    yield "npy-float64", npy("<f8", struct.pack("<80d", *numbers), 80), "hit", {"cn_mobile"}
    yield "npy-big-endian", npy(">i8", struct.pack(">80q", *numbers), 80), "hit", {"cn_mobile"}
    yield "npy-text", npy("<U18", RESIDENT.encode("utf-32-le"), 1), "hit", {"cn_resident_id"}
    yield "npy-bytes", npy("|S18", RESIDENT.encode(), 1), "hit", {"cn_resident_id"}
    yield "npy-weights", npy("<f4", struct.pack("<64f", *[i / 64 for i in range(64)]), 64), "none", set()
    yield "npz", zipped(("arr_0.npy", npy("<i8", struct.pack("<80q", *numbers), 80))), "hit", {"cn_mobile"}
    yield "npy-objects", npy("|O", b"\x80\x04N.", 1), "hold", set()
    yield "safetensors-weights", safetensors("F32", struct.pack("<4f", 1, 2, 3, 4)), "none", set()
    yield "safetensors-numbers", safetensors("I64", struct.pack("<80q", *numbers)), "hit", {"cn_mobile"}
    yield "safetensors-rest", safetensors("F32", b"\0" * 16) + b"\1\2\3\4\5\6\7\x0e" * 8, "hold", set()
    yield "sqlite", database([("CREATE TABLE people(name TEXT, phone INTEGER, id TEXT)", ()),
                              ("INSERT INTO people VALUES('x', ?, ?)", (int(MOBILE), RESIDENT))]), "hit", {"cn_mobile", "cn_resident_id"}
    yield "sqlite-harmless", database([("CREATE TABLE r(epoch INTEGER, loss REAL)", ()), ("INSERT INTO r VALUES(1, 0.5)", ())]), "none", set()
    yield "sqlite-blob", database([("CREATE TABLE b(x BLOB)", ()), ("INSERT INTO b VALUES(?)", (gzip.compress(TABLE.encode()),))]), "hit", FIVE
    yield "pickle", b"\x80\x04cos\nsystem\n\x8c\x02ls\x85R.", "hit", {"pickle_executable"}
    torch = zipped(("m/data.pkl", b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nq\0."), ("m/data/0", struct.pack("<4f", 1, 2, 3, 4)), method=zipfile.ZIP_STORED)
    yield "pytorch", torch, "hit", {"pickle_executable"}
    yield "hdf5", b"\x89HDF\r\n\x1a\n" + bytes(range(1, 200)), "hold", set()
    yield "parquet", b"PAR1" + bytes(range(200)) + b"\x04\0\0\0PAR1", "hold", set()
    yield from parquet()
    yield from hdf5()
    yield "picture", b"\x89PNG\r\n\x1a\n" + bytes(range(100)), "hold", set()
    yield "random", random.Random(5).randbytes(20000), "hold", set()
    yield "empty", b"", "none", set()


# Written by DuckDB: dictionaries, runs, deltas, split bytes, nested columns, and four ways of packing.
def parquet():
    people = {"cn_resident_id", "hkid", "email", "cn_mobile"}
    kinds = {"people": people, "numbers": {"cn_mobile"}, "nested": {"cn_resident_id", "hkid"}, "plain": set()}
    for path in sorted((pathlib.Path(__file__).parent / "inspection").glob("*.parquet")):
        data, name = path.read_bytes(), path.stem
        found = kinds[name.split("-")[0]]
        yield name, data, "hold" if name == "plain-brotli" else "hit" if found else "none", found
        yield name + "-cut", data[:-20], "unclean", set()
        yield name + "-more-behind", data[:-8] + b"\0" * 8 + data[-8:], "unclean", set()


# Written by h5py: plain and packed chunks, compounds, values of variable length, attributes, the newest form.
def hdf5():
    people = {"cn_resident_id", "hkid", "email", "cn_mobile"}
    kinds = {"people": people, "numbers": {"cn_mobile"}, "plain": set(), "unread": set()}
    for path in sorted((pathlib.Path(__file__).parent / "inspection").glob("*.h5")):
        data, name = path.read_bytes(), path.stem
        found = kinds[name.split("-")[0]]
        yield f"hdf5-{name}", data, "hold" if name.startswith("unread") else "hit" if found else "none", found
        yield f"hdf5-{name}-cut", data[:-200], "unclean", set()
        yield f"hdf5-{name}-more-behind", data + b"\1\2\3\4", "unclean", set()


def look_alikes():
    rng = random.Random(1)
    hexes = lambda n: "".join(rng.choice("0123456789abcdef") for _ in range(n))
    rows = range(3000)
    yield "uuids", "".join(f"{hexes(8)}-{hexes(4)}-4{hexes(3)}-a{hexes(3)}-{hexes(12)}\n" for _ in rows).encode(), "none", set()
    yield "sha256", "".join(hexes(64) + "\n" for _ in rows).encode(), "none", set()
    yield "git-log", "".join(f"{hexes(7)} Mend the thing\n" for _ in rows).encode(), "none", set()
    yield "millis", "t\n".encode() + "".join(f"{1700000000000 + 1237 * i}\n" for i in rows).encode(), "none", set()
    yield "nanos", "".join(f"{1700000000000000000 + 1237 * i}\n" for i in rows).encode(), "none", set()
    yield "seconds", "".join(f"{1700000000 + i}\n" for i in rows).encode(), "none", set()
    yield "order-62", ("order_no\n" + "".join(f"{6200000000000000 + 982451653 * i}\n" for i in rows)).encode(), "none", set()
    yield "order-4", ("order,qty\n" + "".join(f"{4000000000000000 + 982451653 * i},{i}\n" for i in rows)).encode(), "none", set()
    yield "sample-ids", ("sample,value\n" + "".join(f"S{1000000 + 7919 * i % 9000000},{i / 7:.3f}\n" for i in rows)).encode(), "none", set()
    yield "serials-11", ("serial\n" + "".join(f"{10000000000 + 7919777 * i}\n" for i in rows)).encode(), "none", set()
    yield "floats", "".join(f"{rng.random():.16f} {rng.random() * 1e-5:.12e}\n" for _ in rows).encode(), "none", set()
    yield "loss-log", "".join(f"epoch {i // 100} step {i} loss {1 / (i + 1):.8f} lr 1e-4 tokens {i * 524288}\n" for i in rows).encode(), "none", set()
    yield "versions", b"1.2.840.10008.1.2.1 v10.15.7-20230101 2.16.156.10011.1.3 numpy==1.24.3\n" * 50, "none", set()
    yield "ip-and-time", b"10.0.0.1 - - [26/Nov/2026:02:00:01 +0800] \"GET /a?x=1 HTTP/1.1\" 200 5123\n" * 50, "none", set()
    yield "bad-check-digits", b"110105194912310020 11010519491231002 110105194913310021 A123456(4) 6222021234567890127", "none", set()
    yield "eight-digits", b"code 9123 4567, batch 12345678, ref 1000000(0)\n", "none", set()
    yield "not-passports", b"lot E00000001, SKU C00000001, part no H0000000100, room AB 1234\n", "none", set()
    yield "files-not-mail", b"icon@2x.png user@host alice@@example.com @example.com sshd@tty1.service\n", "none", set()
    yield "matrix", "".join(" ".join(f"{rng.randint(1000, 9999)}" for _ in range(12)) + "\n" for _ in range(300)).encode(), "none", set()
    yield "accuracy-table", b"fold,n,accuracy,f1\n1,114,0.9561,0.9412\n2,113,0.9469,0.9377\n", "none", set()
    yield "public-key", b"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n", "none", set()
    yield "protein", b">p1\nMKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRVGDGTQDNLSGAEKAVQVKVKALPDAQFEVV\n", "none", set()
    yield "secret-words", "商业秘密与机密性很重要。★秘密\n".encode(), "none", set()
    yield "plain-chinese", ("结果说明：模型在测试集上的准确率为百分之九十五。\n" * 20).encode(), "none", set()
    yield "gbk-chinese", ("结果说明：模型在测试集上的准确率为百分之九十五。\n" * 20).encode("gbk"), "none", set()
    yield "london", b"51.5074,-0.1278 and 40.7128,-74.0060 and 22.5,114.1\n", "none", set()


def pdf_of(*objects, behind=b""):
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (i, one) for i, one in enumerate(objects, 1))
    return b"%PDF-1.7\n" + body + b"trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n" + behind


def pdf_stream(content, extra=b""):
    packed = zlib.compress(content)
    return b"<</Length %d/Filter/FlateDecode%s>>\nstream\n%s\nendstream" % (len(packed), extra, packed)


# One table for codes of one byte: {1: "A", …}.
def to_unicode(codes):
    return b"%d beginbfchar\n" % len(codes) + b"".join(b"<%02X> <%04X>\n" % (code, ord(c)) for code, c in codes.items()) + b"endbfchar\n"


def pages():
    show = lambda inside: pdf_of(b"<<>>", pdf_stream(b"BT /F1 10 Tf 72 700 Td " + inside + b" ET"))
    text = RESIDENT.encode()
    yield "pdf-kerned", show(b"[" + b"".join(b"(%c)%s" % (c, b"-12.5" if i % 2 else b"3") for i, c in enumerate(text)) + b"] TJ"), "hit", {"cn_resident_id"}
    yield "pdf-word-gap", show(b"[(id 110105)-333(19491231)-333(002X)] TJ"), "hit", {"cn_resident_id"}
    yield "pdf-glyph-by-glyph", show(b" 5.56 0 Td ".join(b"(%c) Tj" % c for c in text)), "hit", {"cn_resident_id"}
    placed = b"".join(b"BT /F1 10 Tf 1 0 0 1 %.2f 700 Tm (%c) Tj ET " % (72 + 5.56 * i, c) for i, c in enumerate(text))
    yield "pdf-glyph-by-glyph-placed", pdf_of(b"<<>>", pdf_stream(placed)), "hit", {"cn_resident_id"}
    cells = b"".join(b"1 0 0 1 %d 700 Tm (%s) Tj " % (72 + 90 * i, text[i : i + 3]) for i in range(0, 18, 3))
    yield "pdf-cells-of-a-row", pdf_of(b"<<>>", pdf_stream(b"BT /F1 10 Tf " + cells + b"ET")), "none", set()
    # Two fonts that number their glyphs from 1 on, each in its own way.
    letters = "".join(sorted(set(RESIDENT)))
    shown = b"".join(b"%02X" % (1 + letters.index(c)) for c in RESIDENT)
    page = b"<</Type/Page/Contents 2 0 R/Resources<</Font<</F1 3 0 R/F2 4 0 R>>>>>>"
    fonts = [b"<</Type/Font/Subtype/TrueType/BaseFont/A/ToUnicode %d 0 R>>" % n for n in (5, 6)]
    tables = [pdf_stream(to_unicode(dict(enumerate("Sumary and report", 1)))), pdf_stream(to_unicode(dict(enumerate(letters, 1))))]
    words = pdf_stream(b"BT /F1 12 Tf 72 700 Td <01020304> Tj /F2 12 Tf 0 -14 Td <" + shown + b"> Tj ET")
    yield "pdf-two-fonts", pdf_of(page, words, *fonts, *tables), "hit", {"cn_resident_id"}
    heads = b"1 0 3 %d 4 %d " % (len(page) + 1, len(page) + len(fonts[0]) + 2)
    packed = pdf_stream(heads + b" ".join([page, *fonts]), b"/Type/ObjStm/N 3/First %d" % len(heads))
    yield "pdf-two-fonts-packed", b"%PDF-1.7\n" + b"".join(b"%d 0 obj\n%s\nendobj\n" % one for one in ((2, words), (5, tables[0]), (6, tables[1]), (9, packed))) + b"%%EOF\n", "hit", {"cn_resident_id"}
    unnamed = pdf_stream(b"BT /F1 12 Tf <" + shown + b"> Tj ET")
    listed = b"1 beginbfrange\n<01> <%02X> [" % len(letters) + b" ".join(b"<%04X>" % ord(c) for c in letters) + b"]\nendbfrange\n"
    yield "pdf-listed-range", pdf_of(b"<<>>", unnamed, pdf_stream(listed)), "hit", {"cn_resident_id"}
    numbered = [page, pdf_stream(b"BT /F1 12 Tf <0102> Tj /F2 12 Tf <0003> Tj ET"), fonts[0], b"<</Type/Font/Subtype/Type0/Encoding/Identity-H>>", tables[0]]
    yield "pdf-numbered-glyphs-beside-others", pdf_of(*numbered), "hold", set()
    yield "pdf-numbered-glyphs", pdf_of(b"<</Type/Font/Subtype/Type0/Encoding/Identity-H>>", pdf_stream(b"BT /F1 12 Tf <00010002> Tj ET")), "hold", set()
    yield "pdf-ligatures-of-tex", show(b"[(\\014eld of arti\\014cial \\013ects, \\017 and \\036)] TJ"), "none", set()
    yield "pdf-no-font-at-all", pdf_of(b"<<>>", pdf_stream(b"BT (" + text + b") Tj ET", b"/Length1 10")), "hit", {"cn_resident_id"}
    yield "pdf-rows-with-filters", pdf_of(b"<<>>", pdf_stream(b"\2BT (1) Tj ET", b"/DecodeParms<</Predictor 12/Columns 5>>")), "hold", set()
    yield "pdf-note", pdf_of(b"<</Type/Annot/Contents(HKID A123456\\(3\\))>>"), "hit", {"hkid"}
    yield "pdf-title-wide", pdf_of(b"<</Title(\xfe\xff" + "HKID A123456(3)".encode("utf-16-be").replace(b"(", b"\\(").replace(b")", b"\\)") + b")>>"), "hit", {"hkid"}
    for name, behind in (("gzip", gzip.compress(TABLE.encode(), mtime=0)), ("zip", zipped(("d.csv", TABLE.encode())))):
        yield f"pdf-then-{name}", pdf_of(b"<<>>", behind=behind), "hit", FIVE
    yield "pdf-changed-later", pdf_of(b"<<>>", behind=b"2 0 obj\n" + pdf_stream(b"BT (" + text + b") Tj ET") + b"\nendobj\n%%EOF\n"), "hit", {"cn_resident_id"}
    yield "pdf-behind-a-line", b"Status: 200\n" + show(b"(" + text + b") Tj"), "hit", {"cn_resident_id"}


def protobuf(field, value):
    def varint(n):
        return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)
    return varint(field << 3) + varint(value) if isinstance(value, int) else varint(field << 3 | 2) + varint(len(value)) + value


def onnx(data_type, raw):
    tensor = protobuf(2, data_type) + protobuf(8, b"w") + protobuf(9, raw)
    return protobuf(1, 8) + protobuf(2, b"pytorch") + protobuf(7, protobuf(2, b"g") + protobuf(5, tensor)) + protobuf(8, protobuf(2, 17))


# What stands behind an end, beside what is listed, or where numbers are expected.
def hidden_places():
    data, clean = TABLE.encode(), b"nothing here\n"
    packed = gzip.compress(data, mtime=0)
    weights = npy("<f4", struct.pack("<4f", 1, 2, 3, 4), 4)
    for name, whole in (("7z", archive("7zip", "c", clean)), ("iso", archive("iso9660", "C", clean)), ("npy", weights)):
        yield f"{name}-then-gzip", whole + packed, "hit", FIVE
        yield f"{name}-then-zip", whole + zipped(("d.csv", data)), "hit", FIVE
        yield f"{name}-then-random", whole + random.Random(3).randbytes(300), "unclean", set()
    frame = lambda inside: b"\x51\x2a\x4d\x18" + struct.pack("<I", len(inside)) + inside
    yield "zstd-skipped-frame-is-gzip", frame(packed) + zstd(clean), "hit", FIVE
    yield "zstd-skipped-frame-last", zstd(clean) + frame(b"abcd") + frame(packed), "hit", FIVE
    yield "zstd-skipped-frames", frame(b"\1\2\3\4") * 3 + zstd(clean) + frame(b"\1\2\3\4") + zstd(clean), "none", set()
    yield "gzip-extra-field-is-gzip", b"\x1f\x8b\x08\x04" + bytes(6) + struct.pack("<H", len(packed)) + packed + gzip.compress(clean, mtime=0)[10:], "hit", FIVE
    yield "sqlite-then-gzip", database([("CREATE TABLE r(a INTEGER)", ())]) + packed.ljust(4096, b"\0"), "hit", FIVE
    yield "npy-cut", weights[:-1], "hold", set()
    yield "npy-bytes-are-gzip", npy("|u1", packed, len(packed)), "hit", FIVE
    yield "safetensors-bytes-are-gzip", safetensors("U8", packed), "hit", FIVE
    numbers = [13800138000 + i for i in range(80)]
    yield "npy-complex", npy("<c16", struct.pack("<160d", *[x for n in numbers for x in (n, 0)]), 80), "hit", {"cn_mobile"}
    yield "npy-times", npy("<M8[ns]", struct.pack("<80q", *numbers), 80), "hit", {"cn_mobile"}
    names = [91234567 + 17 * i for i in range(80)]
    yield "npz-named", zipped(("hk_phone.npy", npy("<i8", struct.pack("<80q", *names), 80))), "hit", {"hk_phone"}
    header = json.dumps({n: {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]} for n in "ab"}).encode()
    yield "safetensors-twice-the-same", struct.pack("<Q", len(header)) + header + bytes(32), "hold", set()
    yield "onnx-weights", onnx(1, struct.pack("<8f", *range(8))), "none", set()
    yield "onnx-numbers", onnx(7, struct.pack("<80q", *numbers)), "hit", {"cn_mobile"}
    yield "onnx-bytes", onnx(2, packed), "hit", FIVE
    for name, short in (("msgpack", b"\x82\xa1a\xce\x07[\xcd\x15\xa1b\xcb\x41"), ("ones", b"\xff" * 500), ("packed", zlib.compress(b"abcdefgh")[2:])):
        yield f"short-{name}", short, "hold", set()
    for name, text in (("utf-8", "准确率\n".encode()), ("utf-8-cut", "准确率".encode()[:-1]), ("gbk", "准确率，轮\n".encode("gbk")), ("latin", b"caf\xe9 na\xefve\n")):
        yield f"short-text-{name}", text, "none", set()


# Sensitive formats without their usual beginnings.
def bare_formats():
    read = b"r1\t99\tchr1\t100\t60\t12M\t=\t200\t112\tACGTACGTACGT\tIIIIIIIIIIII\n"
    yield "sam-without-header", read * 3, "hit", {"sam_text"}
    yield "vcf-without-header", b"1\t100\trs1\tA\tG\t50\tPASS\t.\tGT:DP\t0/1:30\n" * 3, "hit", {"vcf_text"}
    rows = b"".join(b"rs%d\t%d\t%d\tA\tG\n" % (i, i, i * 1000) for i in range(1, 9))
    yield "genotypes-in-two-columns", b"rsid\tchromosome\tposition\tallele1\tallele2\n" + rows, "hit", {"dtc_genotype"}
    yield "fasta-with-empty-lines", b">s\n" + b"ACGT" * 10 + b"\n\n" + b"TTGA" * 10 + b"\n", "hit", {"fasta_nt"}
    message = "MSH|^~\\&|A|B|C|D|20260101||ADT^A01|1|P|2.5\rPID|1||MRN1||TEST^ONE\r"
    yield "hl7-in-a-log", b"2026-01-01 got " + message.encode(), "hit", {"hl7v2_pid"}
    yield "hl7-in-json", json.dumps({"message": message}).encode(), "hit", {"hl7v2_pid"}
    yield "hl7-only-spoken-of", b"an HL7 message has MSH and PID segments; the id (PID) of 3 is a process\n", "none", set()
    patient = json.dumps({"resourceType": "Patient", "name": [{"family": "Test"}]})
    yield "fhir-in-a-log", f"INFO sent {patient}\n".encode(), "hit", {"fhir_patient"}
    yield "fhir-in-json", json.dumps({"body": patient}).encode(), "hit", {"fhir_patient"}
    yield "fhir-in-a-table", ('id,doc\n1,"' + patient.replace('"', '""') + '"\n').encode(), "hit", {"fhir_patient"}
    element = lambda group, number, vr, value, order="<": struct.pack(order + "HH2sH", group, number, vr, len(value)) + value
    head = lambda syntax: bytes(128) + b"DICM" + element(2, 0x10, b"UI", syntax)
    name = element(0x10, 0x10, b"PN", b"TEST^ONE")
    nested = struct.pack("<HH2sHI", 8, 0x1140, b"SQ", 0, 0xFFFFFFFF) + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    nested += element(8, 0x1150, b"UI", b"1.2.3\0") + struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    yield "dicom-behind-a-sequence", head(b"1.2.840.10008.1.2.1\0") + nested + name, "hit", {"dicom_patient_tags"}
    swapped = element(0x10, 0x10, b"PN", b"TEST^ONE", ">")
    yield "dicom-swapped", head(b"1.2.840.10008.1.2.2\0") + swapped, "hit", {"dicom_patient_tags"}
    for i, pickle in enumerate((b"cposix\nsystem\np0\n(Vls\np1\ntp2\nRp3\n.", b"cposix\nsystem\nq\0(X\2\0\0\0lsq\1tq\2Rq\3.", b"(iposix\nsystem\n(Vls\ntR.")):
        yield f"pickle-of-old-{i}", pickle, "hit", {"pickle_executable"}
    yield "pickle-of-old-numbers", b"(dp0\nVid\np1\nL13800138000L\ns.", "hold", set()
    yield "text-like-an-old-pickle", b"colours\nand\nshapes (red) are fine.", "none", set()


def all_cases():
    for part in (encodings, separators, containers, documents, formats, look_alikes, pages, hidden_places, bare_formats):
        yield from part()
