internal import Foundation
internal import SwiftProtobuf
internal import Tensors

/// The files beside a model that hold its larger tensors, mapped into memory when first named.
struct ExternalData {
  /// The model's folder without symbolic links, or `nil` when there is none to look into.
  private let folder: String?
  private var files: [String: TensorStorage] = [:]

  init(folder: String?) { self.folder = folder.flatMap(Self.resolved) }

  mutating func tensor(
    _ proto: ProtoTensor, type: ElementType, shape: Shape
  ) throws(ImportError) -> (Tensor, location: String) {
    var entries: [String: String] = [:]
    for entry in proto.externalData { entries[entry.key] = entry.value }
    let location = entries["location"] ?? ""
    func fail(_ reason: String) -> ImportError {
      .externalData(tensor: proto.name, location: location, reason: reason)
    }
    guard type != .string else { throw fail("where strings cannot be kept") }
    let storage = try file(at: location, tensor: proto.name)
    let needed = type.byteCount(elements: shape.elementCount)
    guard let offset = Int(entries["offset"] ?? "0"), offset >= 0 else {
      throw fail("at the impossible offset \(entries["offset"] ?? "")")
    }
    if let text = entries["length"] {
      guard Int(text) == needed else {
        throw fail("which gives it \(text) bytes where its shape \(shape) needs \(needed)")
      }
    }
    guard offset <= storage.byteCount, needed <= storage.byteCount - offset else {
      throw fail(
        "which has \(storage.byteCount) bytes and ends before the tensor's \(needed) bytes at "
          + "offset \(offset). The file is cut short; copy it again")
    }
    let alignment = max(type.bitWidth / 8, 1)
    let isAligned = offset % min(alignment, 8) == 0
    if isAligned && type != .bool {
      return (Tensor(type, shape: shape, storage: storage, byteOffset: offset), location)
    }
    var copy = Tensor(type, shape: shape)
    copy.withUnsafeMutableBytes { bytes in
      bytes.copyMemory(
        from: UnsafeRawBufferPointer(start: storage.base + offset, count: needed))
    }
    if type == .bool { copy.normaliseBooleans() }
    return (copy, location)
  }

  private mutating func file(
    at location: String, tensor: String
  ) throws(ImportError) -> TensorStorage {
    if let storage = files[location] { return storage }
    func fail(_ reason: String) -> ImportError {
      .externalData(tensor: tensor, location: location, reason: reason)
    }
    guard !location.isEmpty else { throw fail("which names no file") }
    guard let folder else { throw fail("but the model was not read from a folder") }
    guard !Self.leavesFolder(location) else {
      throw fail("which lies outside the model's folder and is not read")
    }
    guard let path = Self.resolved(folder + "/" + location) else {
      throw fail("which is missing in '\(folder)'. Copy it beside the model")
    }
    guard path.hasPrefix(folder == "/" ? "/" : folder + "/") else {
      throw fail("a link that leads outside the model's folder and is not followed")
    }
    do {
      let storage = try MappedFile.storage(path: path)
      files[location] = storage
      return storage
    } catch {
      throw fail("which cannot be read: \(error.reason)")
    }
  }

  private static func leavesFolder(_ location: String) -> Bool {
    if location.hasPrefix("/") || location.utf8.contains(0) { return true }
    var depth = 0
    for part in location.split(separator: "/") where part != "." {
      depth += part == ".." ? -1 : 1
      if depth < 0 { return true }
    }
    return false
  }

  private static func resolved(_ path: String) -> String? {
    guard let resolved = realpath(path.isEmpty ? "." : path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
