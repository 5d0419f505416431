"""Synthetic identifiers of every kind, and numbers that only look like them: the same from the same seed."""

import random
import string

REGIONS = ["110105", "310101", "440103", "440304", "440106", "510104", "330106", "610102", "820000"[:2] + "0000"]


def digits(rng, count):
    return "".join(rng.choice(string.digits) for _ in range(count))


def day(rng, short=False):
    year = rng.randint(1940, 2009)
    return f"{year % 100:02}{rng.randint(1, 12):02}{rng.randint(1, 28):02}" if short else f"{year}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"


def mod_11_2(first):
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return first + "10X98765432"[sum(int(c) * w for c, w in zip(first, weights)) % 11]


def luhn(first):
    total = 0
    for i, c in enumerate(reversed(first)):
        d = int(c) * 2 if i % 2 == 0 else int(c)
        total += d - 9 if d > 9 else d
    return first + str(-total % 10)


def resident(rng, region=None):
    return mod_11_2((region or rng.choice(REGIONS[:8])) + day(rng) + digits(rng, 3))


def hkid(rng):
    letters, six = rng.choice(["A", "C", "G", "K", "P", "R", "Y", "Z", "WX", "EC"]), digits(rng, 6)
    values = [36] * (2 - len(letters)) + [ord(c) - 55 for c in letters] + [int(c) for c in six]
    check = -sum(v * w for v, w in zip(values, range(9, 1, -1))) % 11
    return f"{letters}{six}({'A' if check == 10 else check})"


def uscc(rng):
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    first = rng.choice(["91", "92", "12", "51"]) + rng.choice(REGIONS[:8]) + "".join(rng.choice(alphabet) for _ in range(9))
    total = sum(alphabet.index(c) * pow(3, i, 31) for i, c in enumerate(first))
    return first + alphabet[-total % 31]


def vin(rng):
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
    values = dict(zip(letters, map(int, "12345678123457923456789"))) | {c: int(c) for c in string.digits}
    body = [rng.choice("LWJ")] + [rng.choice(letters + string.digits) for _ in range(12)] + list(digits(rng, 4))
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    check = sum(values[c] * w for c, w in zip(body, weights) if w) % 11
    body[8] = "X" if check == 10 else str(check)
    return "".join(body)


def iban(rng):
    body = "WEST" + digits(rng, 14)
    number = int("".join(str(int(c, 36)) for c in body + "GB00"))
    return f"GB{98 - number % 97:02}{body}"


def mrz(rng):
    def check(part):
        return str(sum((int(c, 36) if c != "<" else 0) * (7, 3, 1)[i % 3] for i, c in enumerate(part)) % 10)
    number, birth, expiry, rest = "E" + digits(rng, 8), day(rng, True), f"{rng.randint(27, 35)}0615", "<" * 14
    line = number + check(number) + "CHN" + birth + check(birth) + "F" + expiry + check(expiry) + rest + "0"
    return "P<CHNLI<<MING" + "<" * 31 + "\n" + line + check(line[:10] + line[13:20] + line[21:43])


def geo(rng):
    return f"{rng.uniform(20, 45):.5f},{rng.uniform(100, 125):.5f}"


# kind: (how it is made, the words that stand before it in English and in Chinese, the heading of its column)
KINDS = {
    "cn_resident_id": (resident, "identity card ", "身份证号", "id_card"),
    "cn_resident_id_15": (lambda r: r.choice(REGIONS[:8]) + day(r, True) + digits(r, 3), "ID No. ", "身份证号", "id_no"),
    "cn_hmt_residence_permit": (lambda r: resident(r, r.choice(["810000", "820000", "830000"])), "residence permit ", "居住证", "permit"),
    "cn_foreign_pr_id": (lambda r: resident(r, "9" + r.choice(["44", "11", "31"]) + r.choice(["840", "826", "392"])), "permanent residence card ", "永久居留身份证", "card_no"),
    "cn_xueji_hao": (lambda r: r.choice("GJL") + resident(r), "student number ", "学籍号", "student"),
    "hkid": (hkid, "HKID ", "香港身份證號碼", "hkid"),
    "hk_home_return_permit": (lambda r: r.choice("HM") + digits(r, 10), "home return permit ", "回乡证", "home_return"),
    "cn_eep_hk_macao": (lambda r: "C" + digits(r, 8), "exit-entry permit ", "往来港澳通行证", "exit_entry"),
    "cn_taiwan_permits": (lambda r: digits(r, 8), "台胞证 ", "台胞证号", "台胞证"),
    "mo_bir": (lambda r: f"{r.choice('157')}{digits(r, 6)}({digits(r, 1)})", "Macao BIR ", "澳門身份證", "bir"),
    "cn_passport": (lambda r: "E" + r.choice([r.choice("ABCDEFGH"), digits(r, 1)]) + digits(r, 7), "passport ", "护照号", "passport"),
    "hk_passport": (lambda r: r.choice("KH") + digits(r, 8), "HKSAR passport ", "護照", "passport_no"),
    "mrz_td3": (mrz, "", "", None),
    "cn_uscc": (uscc, "company ", "统一社会信用代码", "uscc"),
    "hk_brn": (lambda r: digits(r, 8), "business registration ", "商業登記", "brn"),
    "unionpay_pan": (lambda r: luhn("62" + digits(r, r.choice([13, 16]))), "card ", "银行卡号", "card"),
    "intl_pan": (lambda r: luhn("4" + digits(r, 14)), "credit card ", "信用卡", "credit_card"),
    "iban": (iban, "IBAN ", "賬號", "iban"),
    "hk_bank_account": (lambda r: f"0{digits(r, 2)}-{digits(r, 3)}-{digits(r, 6)}-{digits(r, 3)}", "account ", "戶口", "account"),
    "email": (lambda r: f"user{digits(r, 4)}@mail{r.randint(1, 40)}.example.com", "mail ", "邮箱", "email"),
    "cn_mobile": (lambda r: r.choice(["138", "139", "150", "186", "177"]) + digits(r, 8), "mobile ", "手机", "mobile"),
    "cn_landline": (lambda r: f"0755-{r.randint(2, 8)}{digits(r, 7)}", "telephone ", "电话", "telephone"),
    "hk_phone": (lambda r: f"+852 {r.randint(2, 9)}{digits(r, 3)} {digits(r, 4)}", "phone ", "電話", "phone"),
    "mo_phone": (lambda r: f"+853 6{digits(r, 3)} {digits(r, 4)}", "phone ", "電話", "phone_macao"),
    "cn_plate": (lambda r: f"粤B·{r.randint(1, 9)}{digits(r, 4)}", "vehicle ", "车牌", "plate"),
    "hk_plate": (lambda r: f"{r.choice(['AB', 'KT', 'WX'])} {r.randint(1, 9999)}", "vehicle registration mark ", "車牌", "registration_mark"),
    "vin": (vin, "chassis ", "车架号", "vin"),
    "imei": (lambda r: luhn("35" + digits(r, 12)), "IMEI ", "设备识别码", "imei"),
    "imsi_cn": (lambda r: "4600" + digits(r, 11), "IMSI ", "用户识别码", "imsi"),
    "mac_address": (lambda r: ":".join(f"{r.randrange(256):02X}" for _ in range(6)), "adapter ", "网卡", "mac"),
    "geo_point_cn": (geo, "position ", "坐标", None),
    "cn_military_id": (lambda r: f"军字第{digits(r, 8)}号", "", "证件", "card_of_service"),
    "cn_secret_marking": (lambda r: f"机密★{r.randint(1, 30)}年", "", "", "marking"),
    "private_key_pem": (lambda r: "-----BEGIN " + r.choice(["", "RSA ", "EC "]) + "PRIVATE KEY-----", "", "", None),
}


# Numbers, names and codes of every day, none of which is an identifier.
def look_alikes(rng):
    hexes = lambda n: "".join(rng.choice("0123456789abcdef") for _ in range(n))
    return rng.choice([
        lambda: f"order {rng.randint(1, 9)}{digits(rng, 17)}", lambda: f"order 62{digits(rng, 14)}", lambda: f"batch {digits(rng, 8)}",
        lambda: f"sample S{digits(rng, 7)}", lambda: f"{hexes(8)}-{hexes(4)}-4{hexes(3)}-a{hexes(3)}-{hexes(12)}", lambda: f"sha256 {hexes(64)}",
        lambda: f"commit {hexes(7)}", lambda: f"t={1700000000000 + rng.randrange(10**9)}", lambda: f"at {1700000000 + rng.randrange(10**7)}",
        lambda: f"{rng.random():.16f}", lambda: f"loss {rng.random():.8f} lr {rng.random() * 1e-4:.3e}", lambda: f"v{rng.randint(0, 20)}.{rng.randint(0, 99)}.{digits(rng, 3)}-{day(rng)}",
        lambda: f"1.2.840.{digits(rng, 5)}.{digits(rng, 7)}.{digits(rng, 14)}", lambda: f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}:{rng.randrange(1024, 65536)}",
        lambda: f"serial {rng.randint(2, 9)}{digits(rng, 10)}", lambda: f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}.{digits(rng, 6)}+08:00",
        lambda: f"node{rng.randrange(100):03}:/dev/sd{rng.choice('abcd')}{rng.randrange(9)} {rng.randrange(10**9)} bytes", lambda: f"[{', '.join(str(rng.randrange(10000)) for _ in range(8))}]",
        lambda: f"size {rng.uniform(10, 60):.4f}, {rng.uniform(10, 60):.4f}", lambda: f"file@{rng.randrange(9)}x.png", lambda: f"ISBN 978-7-{digits(rng, 4)}-{digits(rng, 4)}-{digits(rng, 1)}",
        lambda: f"RFC {rng.randint(1000, 9999)}, GB/T {digits(rng, 5)}-20{digits(rng, 2)}", lambda: "模型在测试集上的准确率为百分之九十五", lambda: "the model was trained on data from each hospital",
    ])()


def lines(seed, plant):
    """Lines of text; every third one holds one of `plant` (none: no identifier at all). Yields (line, kind or None)."""
    rng = random.Random(seed)
    for i, kind in enumerate(kind for _ in range(40) for kind in plant or [None]):
        if kind is None:
            yield look_alikes(rng), None
            continue
        make, english, chinese, _ = KINDS[kind]
        value = make(rng)
        if "\n" in value:
            yield value, kind
        elif i % 4 == 0:
            yield f"{english}{value} of the patient", kind
        elif i % 4 == 1:
            yield f"{chinese}：{value}，已登记", kind
        elif i % 4 == 2:
            yield f'{{"step": {rng.randrange(1000)}, "{english.strip() or kind}": "{value}"}}', kind
        else:
            yield f"INFO {english.strip() or 'found'}={value} loss=0.{digits(rng, 4)}", kind
        for _ in range(2):
            yield look_alikes(rng), None


def column(seed, kind, rows=120):
    """A table whose column of that kind stands among columns of other numbers."""
    rng = random.Random(seed)
    make, _, _, heading = KINDS[kind]
    out = f"row,order_no,sample,serial,{heading},value\n"
    for i in range(rows):
        cell = make(rng)
        out += f"{i},{rng.randint(1, 9)}{digits(rng, 17)},S{digits(rng, 7)},{rng.randint(2, 9)}{digits(rng, 10)},{cell},0.{digits(rng, 6)}\n"
    return out
