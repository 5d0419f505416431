#include "tests/fuzz/inspection/reading_fuzz.h"

using namespace hetao::inspection;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const hetao::ByteView bytes(data, size);
  (void)genomic_kind(bytes, true);
  if (medical_kind(bytes) == Kind::kDicomFile) (void)dicom_patient_tags(bytes);
  (void)looks_like_onnx(bytes);
  return 0;
}
