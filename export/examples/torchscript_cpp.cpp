// colorize MODEL.torchscript PHOTO.pgm RESULT.ppm SIZE: color a photograph by libtorch alone.
// SIZE is the model's native size in pixels, which `colorgan-export --inspect MODEL` tells.

#include <fstream>
#include <iostream>
#include <string>

#include <torch/script.h>

int main(int count, char** arguments) {
  if (count != 5) {
    std::cerr << "usage: colorize MODEL.torchscript PHOTO.pgm RESULT.ppm SIZE\n";
    return 2;
  }
  const int64_t size = std::stoll(arguments[4]);

  std::ifstream photo(arguments[2], std::ios::binary);
  std::string magic;
  int64_t width = 0, height = 0, largest = 0;
  photo >> magic >> width >> height >> largest;
  photo.get();
  if (!photo || magic != "P5" || largest != 255) {
    std::cerr << arguments[2] << ": is not an 8-bit binary PGM\n";
    return 1;
  }
  auto luma = torch::empty({1, 1, height, width}, torch::kByte);
  photo.read(reinterpret_cast<char*>(luma.data_ptr()), width * height);

  c10::InferenceMode guard;
  auto network = torch::jit::load(arguments[1]);
  auto y = luma.to(torch::kFloat);
  auto small = at::_upsample_bilinear2d_aa(y, {size, size}, false).round().to(torch::kByte);
  auto chroma = network.forward({small}).toTensor().to(torch::kFloat) - 128;  // Cb and Cr
  chroma = at::upsample_bilinear2d(chroma, {height, width}, false);
  auto cb = chroma.slice(1, 0, 1), cr = chroma.slice(1, 1, 2);
  auto rgb = torch::cat({y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb}, 1);  // JFIF
  rgb = rgb.round().clamp(0, 255).to(torch::kByte).squeeze(0).permute({1, 2, 0}).contiguous();

  std::ofstream result(arguments[3], std::ios::binary);
  result << "P6\n" << width << " " << height << "\n255\n";
  result.write(reinterpret_cast<const char*>(rgb.data_ptr()), rgb.numel());
  return result ? 0 : 1;
}
