// Genomic formats by their beginnings. Sources: SAM/BAM/CRAM/VCF/BCF specifications of GA4GH
// (samtools/hts-specs), PLINK's and BGEN's format notes.
#include <algorithm>
#include <array>

#include "gateway/inspection/formats/formats.h"

namespace hetao::inspection {

namespace {

using namespace std::string_view_literals;

constexpr size_t kLookBytes = size_t{256} << 10U;  // of a text: comments may stand in front
constexpr size_t kFastqBasesMin = 20;
constexpr size_t kFastaBasesMin = 60;
constexpr size_t kAlignedBasesMin = 10;
constexpr int kGenotypeRowsMin = 3;

std::string_view next_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(text.size(), end + 1));
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

bool is_bases(std::string_view line) {
  return !line.empty() &&
         line.find_first_not_of("ACGTUNacgtunRYSWKMBDHVryswkmbdhv.-") == std::string_view::npos;
}

// Mostly the four letters themselves: proteins use more of the alphabet.
bool is_nucleotides(std::string_view line) {
  if (line.empty()) return false;
  const auto plain = std::count_if(line.begin(), line.end(),
                                   [](char c) { return "ACGTUNacgtun"sv.find(c) != std::string_view::npos; });
  return is_bases(line) && static_cast<size_t>(plain) * 10 >= line.size() * 9;
}

bool is_fastq(std::string_view text) {
  const std::string_view name = next_line(text);
  const std::string_view bases = next_line(text);
  const std::string_view plus = next_line(text);
  const std::string_view quality = next_line(text);
  return name.size() > 1 && name[0] == '@' && is_bases(bases) && bases.size() >= kFastqBasesMin &&
         plus.starts_with('+') && quality.size() == bases.size() &&
         std::all_of(quality.begin(), quality.end(), [](char c) { return c >= '!' && c <= '~'; });
}

bool is_fasta(std::string_view text) {
  const std::string_view name = next_line(text);
  if (!name.starts_with('>') && !name.starts_with(';')) return false;
  size_t bases = 0;
  while (!text.empty() && bases < kFastaBasesMin) {
    const std::string_view line = next_line(text);
    if (!line.empty() && !is_nucleotides(line)) return false;
    bases += line.size();
  }
  return bases >= kFastaBasesMin;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// rs4477212, a chromosome, a place, and one field of two letters or two fields of one.
bool is_genotype_row(std::string_view line) {
  const char separator = line.find('\t') != std::string_view::npos ? '\t' : ',';
  std::array<std::string, 5> fields;
  size_t count = 0;
  for (const char c : line) {
    if (c == '"') continue;
    if (c != separator) {
      fields[count] += c;
    } else if (++count == fields.size()) {
      return false;
    }
  }
  if (count < 3) return false;
  const std::string& chromosome = fields[1];
  const bool numbered = is_number(chromosome) && chromosome.size() <= 2 && chromosome != "0" &&
                        (chromosome.size() == 1 || chromosome <= "26");
  const bool named =
      chromosome == "X" || chromosome == "Y" || chromosome == "MT" || chromosome == "XY" || chromosome == "M";
  const bool marker = (fields[0].starts_with("rs") && is_number(std::string_view(fields[0]).substr(2))) ||
                      (fields[0].starts_with("i") && is_number(std::string_view(fields[0]).substr(1)));
  const std::string genotype = fields[3] + fields[4];
  const bool alleles = count == 3 || (fields[3].size() == 1 && fields[4].size() == 1);
  return marker && (numbered || named) && is_number(fields[2]) && alleles && !genotype.empty() &&
         genotype.size() <= 2 && genotype.find_first_not_of("ACGTDI-0") == std::string::npos;
}

// The first fields of a line that tabs part.
template <size_t N>
size_t fields_of(std::string_view line, std::array<std::string_view, N>& fields) {
  size_t count = 0;
  while (count < N) {
    const size_t end = std::min(line.find('\t'), line.size());
    fields[count++] = line.substr(0, end);
    if (end == line.size()) break;
    line.remove_prefix(end + 1);
  }
  return count;
}

// A read with its place: what samtools writes without a header.
bool is_alignment(std::string_view line) {
  std::array<std::string_view, 11> fields;
  if (fields_of(line, fields) < fields.size()) return false;
  const auto& [name, flag, reference, place, quality, cigar, mate, mate_place, length, bases, qualities] =
      fields;
  const bool numbers = is_number(flag) && flag.size() <= 5 && is_number(place) && is_number(quality) &&
                       quality.size() <= 3 && is_number(mate_place);
  return numbers && !name.empty() && !reference.empty() && !mate.empty() && !length.empty() &&
         (cigar == "*" || (cigar.find_first_not_of("0123456789MIDNSHPX=") == std::string_view::npos &&
                           cigar.find_first_of("MIDNSHPX=") != std::string_view::npos)) &&
         is_bases(bases) && bases.size() >= kAlignedBasesMin &&
         (qualities == "*" || qualities.size() == bases.size());
}

// A variant with somebody's genotype: what bcftools writes without a header.
bool is_variant(std::string_view line) {
  std::array<std::string_view, 10> fields;
  if (fields_of(line, fields) < fields.size()) return false;
  const std::string_view genotype = fields[9].substr(0, fields[9].find(':'));
  return is_number(fields[1]) && is_bases(fields[3]) && !fields[4].empty() &&
         (fields[8] == "GT" || fields[8].starts_with("GT:")) && genotype.size() >= 3 &&
         genotype.find_first_not_of("0123456789.|/") == std::string_view::npos &&
         genotype.find_first_of("|/") != std::string_view::npos;
}

std::optional<Kind> line_kind(std::string_view line, std::string_view text) {
  if (line.starts_with("##fileformat=VCFv") || line.starts_with("#CHROM\tPOS\tID\tREF\tALT"))
    return Kind::kVcfText;
  if (line.starts_with("@HD\tVN:1.")) return Kind::kSamText;
  if (line.starts_with("@SQ\t") && line.find("\tSN:") != std::string_view::npos &&
      line.find("\tLN:") != std::string_view::npos)
    return Kind::kSamText;
  if (is_alignment(line)) return Kind::kSamText;
  if (is_variant(line)) return Kind::kVcfText;
  if (line.starts_with('@') && is_fastq(text)) return Kind::kFastq;
  if ((line.starts_with('>') || line.starts_with(';')) && is_fasta(text)) return Kind::kFastaNt;
  return std::nullopt;
}

std::optional<Kind> text_kind(std::string_view text) {
  text = text.substr(0, kLookBytes);
  int genotypes = 0;
  int others = 0;
  // A heading of one's own in front does not hide a format; a long text that only mentions it does not have
  // it.
  while (!text.empty() && others < 200) {
    const std::string_view here = text;
    const std::string_view line = next_line(text);
    if (const auto kind = line_kind(line, here)) return kind;
    if (line.empty() || line[0] == '#') continue;
    if (is_genotype_row(line) && ++genotypes >= kGenotypeRowsMin) return Kind::kDtcGenotype;
    ++others;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Kind> genomic_kind(ByteView bytes, bool bgzf) {
  const std::string_view text = as_text(bytes);
  // Its own compression marks a BAM; the same bytes packed otherwise are told apart by name.
  if (text.starts_with("BAM\x01")) return bgzf ? Kind::kBam : Kind::kBamRepacked;
  if (text.starts_with("BCF\x02")) return Kind::kBcf;
  if (text.starts_with("CRAM") && bytes.size() >= 26 && bytes[4] >= 1 && bytes[4] <= 4) return Kind::kCram;
  if (bytes.size() > 3 && text.starts_with("\x6c\x1b") && bytes[2] <= 1) return Kind::kPlinkBed;
  if (bytes.size() >= 20 && text.substr(16, 4) == "bgen") return Kind::kBgen;
  return text_kind(text);
}

}  // namespace hetao::inspection
