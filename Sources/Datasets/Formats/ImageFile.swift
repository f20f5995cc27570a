import CSpng
import CTurboJPEG
import Tensors

/// Decodes PNG and JPEG into 8-bit RGB.
///
/// Grey images give three equal channels, transparency is dropped, 16-bit samples keep their
/// high byte, and an EXIF orientation is not applied.
enum ImageFile {
  /// Wider or higher images are refused before memory is taken.
  static let longestSide = 32_768
  private static let greatestPixelCount = 1 << 26
  private static let pngMagic: [UInt8] = [0x89, 0x50, 0x4e, 0x47]
  private static let jpegMagic: [UInt8] = [0xff, 0xd8, 0xff]

  /// `[height, width, 3]`, uint8.
  static func decode(_ path: String) throws(DatasetError) -> Tensor {
    let bytes = try InputFile.contents(of: path, limit: 1 << 29)
    if bytes.starts(with: pngMagic) { return try decodePNG(bytes, path: path) }
    if bytes.starts(with: jpegMagic) { return try decodeJPEG(bytes, path: path) }
    throw .corruptImage(path: path, reason: "it is neither a PNG nor a JPEG file")
  }

  private static func decodePNG(_ bytes: [UInt8], path: String) throws(DatasetError) -> Tensor {
    guard let context = spng_ctx_new(0) else {
      throw .corruptImage(path: path, reason: "there is no memory for it")
    }
    defer { spng_ctx_free(context) }
    var header = spng_ihdr()
    var byteCount = 0
    var image: Tensor?
    let status = bytes.withUnsafeBytes { source -> Int32 in
      let limit = UInt32(longestSide)
      // Text and colour profiles are not needed: keep them from taking memory.
      for step in [
        { spng_set_image_limits(context, limit, limit) },
        { spng_set_chunk_limits(context, 1 << 24, 1 << 26) },
        { spng_set_png_buffer(context, source.baseAddress, source.count) },
        { spng_get_ihdr(context, &header) },
        { spng_decoded_image_size(context, Int32(SPNG_FMT_RGB8.rawValue), &byteCount) },
      ] {
        let status = step()
        if status != 0 { return status }
      }
      let (height, width) = (Int(header.height), Int(header.width))
      guard height * width <= greatestPixelCount, byteCount == height * width * 3 else { return -1 }
      var tensor = Tensor(.uint8, shape: [height, width, 3])
      let status = tensor.withUnsafeMutableBytes { target in
        spng_decode_image(
          context, target.baseAddress, target.count, Int32(SPNG_FMT_RGB8.rawValue), 0)
      }
      if status == 0 { image = tensor }
      return status
    }
    guard let image else {
      let reason = status == -1 ? "it is too large" : String(cString: spng_strerror(status))
      throw .corruptImage(path: path, reason: reason)
    }
    return image
  }

  private static func decodeJPEG(_ bytes: [UInt8], path: String) throws(DatasetError) -> Tensor {
    guard let decoder = tjInitDecompress() else {
      throw .corruptImage(path: path, reason: "there is no memory for it")
    }
    defer { tjDestroy(decoder) }
    func failure() -> DatasetError {
      .corruptImage(path: path, reason: String(cString: tjGetErrorStr2(decoder)))
    }
    var (width, height, subsampling, colours) = (Int32(0), Int32(0), Int32(0), Int32(0))
    guard
      tjDecompressHeader3(
        decoder, bytes, UInt(bytes.count), &width, &height, &subsampling, &colours) == 0
    else { throw failure() }
    guard width > 0, height > 0, max(Int(width), Int(height)) <= longestSide,
      Int(width) * Int(height) <= greatestPixelCount
    else { throw .corruptImage(path: path, reason: "\(width)×\(height) pixels is too large") }
    var image = Tensor(.uint8, shape: [Int(height), Int(width), 3])
    let status = image.withUnsafeMutableBytes { target in
      // A truncated file only warns by default, and leaves the rest of the image grey.
      tjDecompress2(
        decoder, bytes, UInt(bytes.count), target.baseAddress, width, 0, height,
        Int32(TJPF_RGB.rawValue), Int32(TJFLAG_STOPONWARNING | TJFLAG_ACCURATEDCT))
    }
    guard status == 0 else { throw failure() }
    return image
  }
}
