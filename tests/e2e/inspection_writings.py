"""Every kind in every writing that it must be found in: (name, bytes, "hit", kinds), all identifiers synthetic.

`WRITINGS` is the table; a row that a kind can't have (a mark without digits in a hexadecimal dump, say) is named in `NOT_READ`
with the reason, and checked nowhere.
"""
import base64
import binascii
import html
import json
import quopri
import random
import urllib.parse

MRZ = "P<CHNZHANG<<SAN<<<<<<<<<<<<<<<<<<<<<<<<<<<<<\nE000000019CHN0001018M3001019<<<<<<<<<<<<<<<2"
KINDS = {
    "cn_resident_id": "11010519491231002X",
    "cn_resident_id_15": "身份证号: 440304000101001",
    "cn_hmt_residence_permit": "810000190001010018",
    "cn_foreign_pr_id": "944840190001010015",
    "cn_xueji_hao": "G440304190001010010",
    "hkid": "A123456(3)",
    "hk_home_return_permit": "回乡证: H0000000100",
    "cn_eep_hk_macao": "往来港澳通行证 C00000001",
    "cn_taiwan_permits": "台胞证号: 00000001",
    "mo_bir": "澳門身份證 1000000(0)",
    "cn_passport": "护照号 E00000001",
    "hk_passport": "HKSAR passport: K00000001",
    "mrz_td3": MRZ,
    "cn_uscc": "91440300MA5XXXX06L",
    "hk_brn": "Business Registration No. 12345678",
    "unionpay_pan": "6222021234567890128",
    "intl_pan": "4111111111111111",
    "iban": "GB82WEST12345698765432",
    "hk_bank_account": "A/C No. 004-000-000001-000",
    "email": "alice.chan@example.com",
    "cn_mobile": "13800138000",
    "cn_landline": "0755-22222222",
    "hk_phone": "+852 9123 4567",
    "mo_phone": "+853 6612 3456",
    "cn_plate": "粤B·12345",
    "hk_plate": "車牌 AB 1234",
    "vin": "1M8GDM9AXKP042788",
    "imei": "IMEI 350000000000006",
    "imsi_cn": "IMSI=460000000000001",
    "mac_address": "00:00:5E:00:53:01",
    "geo_point_cn": "22.54310,114.05790",
    "cn_military_id": "军字第00000001号",
    "cn_secret_marking": "机密★10年",
    "private_key_pem": "-----BEGIN " + "RSA PRIVATE KEY-----",
}
# What stands for a kind in traditional characters, for Big5.
TRADITIONAL = {
    "cn_resident_id_15": "身份證號: 440304000101001",
    "hk_home_return_permit": "回鄉證: H0000000100",
    "cn_eep_hk_macao": "往來港澳通行證 C00000001",
    "cn_taiwan_permits": "臺胞證號: 00000001",
    "cn_passport": "護照號 E00000001",
    "cn_plate": "粵B12345",
    "hk_brn": "商業登記 12345678",
    "hk_bank_account": "戶口 004-000-000001-000",
    "cn_military_id": "軍字第00000001號",
    "cn_secret_marking": "機密★10年",
}


def line(text):
    return f"前文 before, {text}。 after\n"


def fullwidth(text, which="digits letters others"):
    def wide(c):
        of = "digits" if c.isdigit() else "letters" if c.isascii() and c.isalpha() else "others"
        return chr(ord(c) + 0xFEE0) if "!" <= c <= "~" and of in which else c
    return "".join(map(wide, text))


def double_byte(text, codec):
    return fullwidth(text, "digits letters").encode(codec)


def shifted(text, zero):
    return "".join(chr(zero + ord(c) - 48) if "0" <= c <= "9" else c for c in text)


def circled(text):
    return "".join("⓪①②③④⑤⑥⑦⑧⑨"[int(c)] if c in "0123456789" else c for c in text)


def everything_quoted(data):
    return b"".join(b"=%02X" % b for b in data)


def xxd(data, group=2, width=16):
    out = ""
    for at in range(0, len(data), width):
        row = data[at : at + width]
        words = " ".join(row[i : i + group].hex() for i in range(0, len(row), group))
        out += f"{at:08x}: {words:<{width * 2 + width // group}} {''.join(chr(b) if 32 <= b < 127 else '.' for b in row)}\n"
    return out.encode()


def hexdump(data):
    out = ""
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        halves = row[:8].hex(" ") + "  " + row[8:].hex(" ")
        out += f"{at:08x}  {halves:<48}  |{''.join(chr(b) if 32 <= b < 127 else '.' for b in row)}|\n"
    return (out + f"{len(data):08x}\n").encode()


def od_words(data):
    rows = [data[at : at + 16] for at in range(0, len(data), 16)]
    swapped = [[row[i : i + 2][::-1].hex().rjust(4, "0") for i in range(0, len(row), 2)] for row in rows]
    return ("".join(f"{at * 16:07o} {' '.join(row)}\n" for at, row in enumerate(swapped)) + f"{len(data):07o}\n").encode()


def od_bytes(data):
    return "".join(f"{at:07o} {data[at : at + 16].hex(' ')}\n" for at in range(0, len(data), 16)).encode()


def wrapped(text, width, end="\n", indent=""):
    return "".join(indent + text[i : i + width] + end for i in range(0, len(text), width))


def with_marks(text, mark):
    return mark.join(text)


def b64(data):
    return base64.b64encode(data).decode()


# name: text (one line, with words that it needs in front) -> bytes
WRITINGS = {
    "utf-8": lambda t: line(t).encode(),
    "utf-8-bom": lambda t: line(t).encode("utf-8-sig"),
    "utf-16-le": lambda t: line(t).encode("utf-16-le"),
    "utf-16-be": lambda t: line(t).encode("utf-16-be"),
    "utf-16-le-bom": lambda t: b"\xff\xfe" + line(t).encode("utf-16-le"),
    "utf-16-be-bom": lambda t: b"\xfe\xff" + line(t).encode("utf-16-be"),
    "utf-32-le": lambda t: line(t).encode("utf-32-le"),
    "utf-32-be": lambda t: line(t).encode("utf-32-be"),
    "utf-32-le-bom": lambda t: b"\xff\xfe\0\0" + line(t).encode("utf-32-le"),
    "utf-32-be-bom": lambda t: b"\0\0\xfe\xff" + line(t).encode("utf-32-be"),
    "utf-16-le-alone": lambda t: t.encode("utf-16-le"),
    "utf-16-be-alone": lambda t: t.encode("utf-16-be"),
    "gbk": lambda t: line(t).encode("gbk"),
    "gb18030": lambda t: line(t).encode("gb18030"),
    "alone": lambda t: t.encode(),
    "fullwidth": lambda t: line(fullwidth(t)).encode(),
    "fullwidth-digits": lambda t: line(fullwidth(t, "digits")).encode(),
    "fullwidth-letters": lambda t: line(fullwidth(t, "letters")).encode(),
    "fullwidth-gbk": lambda t: b"\xd6\xd0\xba\xc5 " + double_byte(t, "gbk") + b" \xcd\xea\n",
    "fullwidth-utf-16": lambda t: (line(fullwidth(t)) * 3).encode("utf-16"),
    "mathematical": lambda t: line(shifted(t, 0x1D7CE)).encode(),
    "arabic": lambda t: line(shifted(t, 0x660)).encode(),
    "circled": lambda t: line(circled(t)).encode(),
    "zero-width-space": lambda t: line(with_marks(t, "\u200b")).encode(),
    "zero-width-joiner": lambda t: line(with_marks(t, "\u200d")).encode(),
    "word-joiner": lambda t: line(with_marks(t, "\u2060")).encode(),
    "bom-between": lambda t: line(with_marks(t, "\ufeff")).encode(),
    "soft-hyphens": lambda t: line(with_marks(t, "\u00ad")).encode(),
    "left-to-right": lambda t: line("\u202d" + with_marks(t, "\u200e") + "\u202c").encode(),
    "isolates": lambda t: line(with_marks(t, "\u2066\u2069")).encode(),
    "grapheme-joiner": lambda t: line(with_marks(t, "\u034f")).encode(),
    "zero-width-in-utf-16": lambda t: line(with_marks(t, "\u200b")).encode("utf-16"),
    "keycaps": lambda t: line("".join(c + "\ufe0f\u20e3" if c.isdigit() else c for c in t)).encode(),
    "json": lambda t: json.dumps({"note": line(t)}).encode(),
    "json-in-json": lambda t: json.dumps({"body": json.dumps({"note": line(t)})}).encode(),
    "json-every-character": lambda t: ('{"v":"' + "".join(f"\\u{ord(c):04x}" for c in t) + '"}').encode(),
    "json-every-character-twice": lambda t: ('{"v":"' + "".join(f"\\\\u{ord(c):04X}" for c in t) + '"}').encode(),
    "javascript-braces": lambda t: "".join(f"\\u{{{ord(c):x}}}" for c in t).encode(),
    "c-long": lambda t: "".join(f"\\U{ord(c):08x}" for c in t).encode(),
    "python-bytes": lambda t: repr(line(t).encode()).encode(),
    "every-byte-x": lambda t: "".join(f"\\x{b:02x}" for b in t.encode()).encode(),
    "octal": lambda t: "".join(f"\\{b:03o}" for b in t.encode()).encode(),
    "url": lambda t: ("https://example.org/find?q=" + urllib.parse.quote(t)).encode(),
    "url-plus": lambda t: ("https://example.org/find?" + urllib.parse.urlencode({"q": t}, quote_via=urllib.parse.quote)).encode(),
    "url-every-byte": lambda t: "".join(f"%{b:02X}" for b in t.encode()).encode(),
    "url-every-byte-twice": lambda t: "".join(f"%25{b:02x}" for b in t.encode()).encode(),
    "url-fullwidth": lambda t: urllib.parse.quote(fullwidth(t)).encode(),
    "javascript-escape": lambda t: "".join(f"%u{ord(c):04X}" for c in t).encode(),
    "entities": lambda t: f"<p>{html.escape(line(t)).encode('ascii', 'xmlcharrefreplace').decode()}</p>".encode(),
    "entities-decimal": lambda t: ("value " + "".join(f"&#{ord(c)};" for c in t) + " end").encode(),
    "entities-hex": lambda t: ("value " + "".join(f"&#x{ord(c):X};" for c in t) + " end").encode(),
    "entities-zeros": lambda t: ("value " + "".join(f"&#{ord(c):07};" for c in t) + " end").encode(),
    "entities-open": lambda t: ("value " + "".join(f"&#{ord(c)}" for c in t) + " end").encode(),
    "entities-twice": lambda t: ("value " + "".join(f"&amp;#{ord(c)};" for c in t) + " end").encode(),
    "quoted-printable": lambda t: b"Content-Transfer-Encoding: quoted-printable\n\n" + quopri.encodestring(line(t).encode()),
    "quoted-every-byte": lambda t: everything_quoted(t.encode()) + b"\n",
    "quoted-broken": lambda t: (t[: len(t) // 2 + 2] + "=\n" + t[len(t) // 2 + 2 :]).encode(),
    "base64": lambda t: b64((line(t) * 3).encode()).encode(),
    "base64-url": lambda t: ("v=" + base64.urlsafe_b64encode(line(t).encode()).decode().rstrip("=")).encode(),
    "base64-76": lambda t: wrapped(b64((line(t) * 5).encode()), 76).encode(),
    "base64-76-crlf": lambda t: wrapped(b64((line(t) * 5).encode()), 76, "\r\n").encode(),
    "base64-64-indented": lambda t: ("data: |\n" + wrapped(b64((line(t) * 5).encode()), 64, indent="    ")).encode(),
    "base64-quoted-mail": lambda t: wrapped(b64((line(t) * 5).encode()), 72, indent="> ").encode(),
    "base64-in-json": lambda t: json.dumps({"data": base64.encodebytes((line(t) * 5).encode()).decode()}).encode(),
    "base64-in-html": lambda t: f'<img src="data:text/plain;base64,{b64(line(t).encode())}">'.encode(),
    "base64-of-utf-16": lambda t: b64((line(t) * 3).encode("utf-16-le")).encode(),
    "base64-of-utf-16-bom": lambda t: b64((line(t) * 3).encode("utf-16")).encode(),
    "base64-of-gbk": lambda t: b64((line(t) * 3).encode("gbk")).encode(),
    "base64-of-base64": lambda t: base64.b64encode(base64.b64encode((line(t) * 3).encode())),
    "base64-of-json": lambda t: base64.b64encode(json.dumps({"note": line(t) * 2}).encode()),
    "base64-lines": lambda t: ("aGVsbG8gd29ybGQsIHRoaXMgaXMgZmluZSBhbmQgbG9uZw\n" + b64(line(t).encode()).rstrip("=") + "\n").encode(),
    "hex": lambda t: ((line(t) * 3).encode().hex()).encode(),
    "hex-upper": lambda t: ((line(t) * 3).encode().hex().upper()).encode(),
    "hex-wrapped": lambda t: wrapped((line(t) * 3).encode().hex(), 60).encode(),
    "xxd": lambda t: xxd((line(t) * 3).encode()),
    "xxd-8-columns": lambda t: xxd((line(t) * 3).encode(), width=8),
    "xxd-bytes": lambda t: xxd((line(t) * 3).encode(), group=1),
    "hexdump": lambda t: hexdump((line(t) * 3).encode()),
    "od-words": lambda t: od_words((line(t) * 3).encode()),
    "od-bytes": lambda t: od_bytes((line(t) * 3).encode()),
    "terminal": lambda t: f"\x1b[1;31m{t}\x1b[0m done\n".encode(),
    "terminal-escaped": lambda t: json.dumps({"log": f"\x1b[32m{t}\x1b[0m"}).encode(),
    "xml": lambda t: f'<?xml version="1.0"?><a><b>{html.escape(t)}</b></a>'.encode(),
    "xml-every-character": lambda t: ('<?xml version="1.0"?><a>' + "".join(f"&#{ord(c)};" for c in t) + "</a>").encode(),
    "csv": lambda t: (f'id,note,value\n1,"{t}",0.5\n2,,0.25\n' if "," not in t and "\n" not in t else line(t)).encode(),
}
SHORT = {  # few bytes, nothing around: what stands for a number shows in it
    "base64-short": lambda t: f"token={b64(t.encode())} end".encode(),
    "base64-short-url": lambda t: f"token={b64(t.encode()).rstrip('=')}&x=1".encode(),
    "hex-short": lambda t: f"dump {t.encode().hex()} end".encode(),
    "hex-spaced": lambda t: f"dump {t.encode().hex(' ')} end".encode(),
    "hex-colons": lambda t: f"dump {t.encode().hex(':')} end".encode(),
}
DIGITS = ["cn_resident_id", "cn_hmt_residence_permit", "cn_foreign_pr_id", "cn_xueji_hao", "hkid", "unionpay_pan", "intl_pan", "cn_mobile", "cn_landline", "cn_uscc"]
NOT_READ = {
    ("email", "fullwidth-gbk"): "no digit shows that the pairs of bytes are wide letters",
    ("private_key_pem", "fullwidth-gbk"): "the same",
    ("email", "fullwidth-big5"): "the same",
    ("private_key_pem", "fullwidth-big5"): "the same",
}


def numbers(rng):
    return "".join(rng.choice("0123456789") for _ in range(8))


def separated():
    for kind, text in (("cn_resident_id", "110105 19491231 002X"), ("unionpay_pan", "6222 0212 3456 7890 128"), ("intl_pan", "4111 1111 1111 1111"),
                       ("cn_mobile", "138 0013 8000"), ("hk_phone", "+852 9123 4567"), ("cn_landline", "0755 2222 2222")):
        for name, mark in (("hyphen", "-"), ("no-break-space", "\u00a0"), ("ideographic-space", "\u3000"), ("thin-space", "\u2009"),
                           ("narrow-no-break-space", "\u202f"), ("en-dash", "\u2013"), ("non-breaking-hyphen", "\u2011"), ("minus", "\u2212"),
                           ("fullwidth-hyphen", "\uff0d"), ("nbsp-entity", "&nbsp;"), ("160-entity", "&#160;")):
            yield f"separator-{name}-{kind}", line(text.replace(" ", mark)).encode(), "hit", {kind}
    for opening, closing in ("（）", "［］", "【】", "〔〕", "「」", "『』", "〈〉", "《》", "[]", "()"):
        for codec in ("utf-8", "gbk", "big5"):
            try:
                yield f"bracket-{opening}-{codec}", f"號碼 A123456{opening}3{closing} .".encode(codec), "hit", {"hkid"}
            except UnicodeEncodeError:
                pass
    for text in ("A123456⑶", "A１２３４５６（３）", "Ａ123456(3)", "ａ123456(3)", "Ａ１２３４５６［３］"):
        yield f"hkid-{text}", f"身份證 {text} 。".encode(), "hit", {"hkid"}
    yield "resident-wide-x", "证号11010519491231002Ｘ。".encode(), "hit", {"cn_resident_id"}
    for text in ("138.0013.8000", "+86.13800138000", "+86 (138) 0013 8000", "+86 138-0013-8000", "(+86)13800138000"):
        yield f"mobile-{text}", f"see {text} there".encode(), "hit", {"cn_mobile"}
    for text in ("Tel.13800138000", "tel-13800138000", "mobile_13800138000", "phone13800138000", "13800138000.0", "13800138000_张三", "13800138000-李四"):
        yield f"touched-{text}", f"see {text}, there".encode(), "hit", {"cn_mobile"}
    for text, kind in (("card_4111111111111111", "intl_pan"), ("Card No.6222021234567890128", "unionpay_pan"), ("hkid_A1234563", "hkid"), ("HKID-A1234563", "hkid"),
                       ("passport_E00000001", "cn_passport")):
        yield f"touched-{text}", f"see {text}, there".encode(), "hit", {kind}
    for text in ("+852.91234567", "852 9123 4567", "852-91234567", "Tel 85291234567", "+852-9123 4567"):
        yield f"hk-phone-{text}", f"see {text} there".encode(), "hit", {"hk_phone"}
    for text in ("+86 755 2222 2222", "+86-10-66666666", "(0755)22222222", "0755 22222222", "+86 (0755) 2222 2222"):
        yield f"landline-{text}", f"see {text} there".encode(), "hit", {"cn_landline"}
    for text in ("粤B 12345", "粤B-12345", "粵B·12345", "粤Z·1234港", "粵Z1234港", "粤Ｂ·12345"):
        yield f"plate-{text}", f"see {text} there".encode(), "hit", {"cn_plate"}
    for text in ("IMEI 35-000000-000000-6", "IMEI: 35 000000 000000 6"):
        yield f"imei-{text}", f"see {text} there".encode(), "hit", {"imei"}
    for text in ('{"lat":22.54310,"lng":114.05790}', "latitude=22.54310&longitude=114.05790", "POINT(114.0579 22.5431)", "[114.0579,22.5431]",
                 "22.54310°N, 114.05790°E", "lat: 22.543096, lon: 114.057865"):
        yield f"geo-{text}", f"see {text} there".encode(), "hit", {"geo_point_cn"}
    for text in ("440304 190001010010", "440304 1900 0101 0010", "4403 0419 0001 0100 10", "440304-19000101-0010"):
        yield f"resident-{text}", f"身份证 {text} there".encode(), "hit", {"cn_resident_id"}


# A table whose heading alone says what its numbers are, in writings that have to be folded.
def headed():
    for kind, heading, value in (("cn_passport", "护照号", "E0000000%d"), ("hk_home_return_permit", "回乡证", "H000000010%d"),
                                 ("cn_resident_id_15", "身份证号", "44030400010100%d"), ("hk_brn", "商業登記", "1234567%d")):
        rows = [f"{i},{fullwidth(value % i)},0.{i}" for i in range(1, 9)]
        yield f"headed-fullwidth-{kind}", (f"no,{heading},value\n" + "\n".join(rows) + "\n").encode(), "hit", {kind}
        rows = [f"{i},{value % i},0.{i}" for i in range(1, 9)]
        yield f"headed-{kind}", (f"no,{heading},value\n" + "\n".join(rows) + "\n").encode(), "hit", {kind}
        yield f"headed-gbk-{kind}", (f"no,{heading},value\n" + "\n".join(rows) + "\n").encode("gbk"), "hit", {kind}
    for before in range(60, 70):
        yield f"fullwidth-gbk-behind-{before}-characters", ("中" * before + fullwidth("13800138000") + "完").encode("gbk"), "hit", {"cn_mobile"}
    # Numbers that look alike in the first column do not hide what is written otherwise in another.
    rows = "".join(f"{6200000000000000 + 982451653 * i},{fullwidth('6222021234567890128') if i == 7 else ''}\n" for i in range(2000))
    yield "noise-beside-fullwidth", ("order,note\n" + rows).encode(), "hit", {"unionpay_pan"}


def all_writings():
    for kind, text in KINDS.items():
        for name, write in WRITINGS.items():
            if (kind, name) in NOT_READ:
                continue
            try:
                yield f"{name}-{kind}", write(text), "hit", {kind}
            except UnicodeEncodeError:
                pass
        text = TRADITIONAL.get(kind, text)
        try:
            yield f"big5-{kind}", line(text).replace("前文", "中文").encode("big5"), "hit", {kind}
            if (kind, "fullwidth-big5") not in NOT_READ:
                yield f"fullwidth-big5-{kind}", "號 ".encode("big5") + double_byte(text, "big5") + b" \xa7\xb9\n", "hit", {kind}
            yield f"traditional-{kind}", line(text).encode(), "hit", {kind}
            yield f"traditional-gbk-{kind}", line(text).encode("gbk"), "hit", {kind}
        except UnicodeEncodeError:
            pass
    for kind in DIGITS:
        for name, write in SHORT.items():
            yield f"{name}-{kind}", write(KINDS[kind]), "hit", {kind}
    yield from separated()
    yield from headed()
