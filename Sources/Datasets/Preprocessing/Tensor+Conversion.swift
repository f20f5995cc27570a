import Tensors

extension Tensor {
  /// The same values as another type.
  ///
  /// To an integer type every value must be in range, and whole unless `rounding` allows it to be
  /// rounded half to even; what does not fit is an error, never wrapped or cut. To a shorter
  /// float type the nearest is taken.
  func converted(
    to type: ElementType, rounding: Bool, place: String
  ) throws(DatasetError) -> Tensor {
    if type == elementType { return self }
    if elementType == .uint8 && type == .float32 {
      var reals = Tensor(.float32, shape: shape)
      withUnsafeElements(of: UInt8.self) { codes in
        reals.withUnsafeMutableElements(of: Float.self) { reals in
          for index in codes.indices { reals[index] = Float(codes[index]) }
        }
      }
      return reals
    }
    guard let values = NumericValues(self) else {
      throw .cannotPrepare(place: place, reason: "\(elementType) cannot become \(type)")
    }
    switch type {
    case .float32:
      switch values {
      case .reals(let reals): return Tensor(reals.map(Float.init), shape: shape)
      case .integers(let integers): return Tensor(integers.map(Float.init), shape: shape)
      }
    case .float64: return Tensor(values.reals, shape: shape)
    case .float16:
      var result = Tensor(.float16, shape: shape)
      result.withUnsafeMutableBytes { bytes in
        let halves = bytes.bindMemory(to: Float16.self)
        for (index, value) in values.reals.enumerated() { halves[index] = Float16(value) }
      }
      return result
    case .bool: return Tensor(values.reals.map { $0 != 0 }, shape: shape)
    case .uint8: return Tensor(try values.exactly(UInt8.self, rounding, place), shape: shape)
    case .int8: return Tensor(try values.exactly(Int8.self, rounding, place), shape: shape)
    case .uint16: return Tensor(try values.exactly(UInt16.self, rounding, place), shape: shape)
    case .int16: return Tensor(try values.exactly(Int16.self, rounding, place), shape: shape)
    case .uint32: return Tensor(try values.exactly(UInt32.self, rounding, place), shape: shape)
    case .int32: return Tensor(try values.exactly(Int32.self, rounding, place), shape: shape)
    case .uint64: return Tensor(try values.exactly(UInt64.self, rounding, place), shape: shape)
    case .int64: return Tensor(try values.exactly(Int64.self, rounding, place), shape: shape)
    default:
      throw .cannotPrepare(place: place, reason: "\(elementType) cannot become \(type)")
    }
  }
}

/// The elements of any real-valued tensor in one of two wide types.
enum NumericValues {
  case integers([Int64])
  case reals([Double])

  /// `nil` for strings, complex numbers and the narrow formats; uint64 beyond Int64 becomes real.
  init?(_ tensor: Tensor) {
    switch tensor.elementType {
    case .float32: self = .reals(tensor.withUnsafeElements(of: Float.self) { $0.map(Double.init) })
    case .float64: self = .reals(tensor.array(of: Double.self))
    case .float16:
      self = .reals(tensor.withUnsafeBytes { $0.bindMemory(to: Float16.self).map(Double.init) })
    case .bfloat16:
      self = .reals(tensor.widenedForNumPy().floats.map(Double.init))
    case .bool:
      self = .integers(tensor.withUnsafeBytes { $0.map { $0 == 0 ? 0 : 1 } })
    case .uint8: self = Self.integers(tensor, UInt8.self)
    case .int8: self = Self.integers(tensor, Int8.self)
    case .uint16: self = Self.integers(tensor, UInt16.self)
    case .int16: self = Self.integers(tensor, Int16.self)
    case .uint32: self = Self.integers(tensor, UInt32.self)
    case .int32: self = Self.integers(tensor, Int32.self)
    case .int64: self = .integers(tensor.array(of: Int64.self))
    case .uint64:
      let values = tensor.array(of: UInt64.self)
      let narrow = values.compactMap { Int64(exactly: $0) }
      self = narrow.count == values.count ? .integers(narrow) : .reals(values.map(Double.init))
    default: return nil
    }
  }

  private static func integers<Element: TensorElement & FixedWidthInteger>(
    _ tensor: Tensor, _ type: Element.Type
  ) -> NumericValues {
    .integers(tensor.withUnsafeElements(of: type) { $0.map { Int64($0) } })
  }

  var reals: [Double] {
    switch self {
    case .integers(let values): values.map(Double.init)
    case .reals(let values): values
    }
  }

  /// The values as integers of one type, or an error that names the first that is none.
  func exactly<Element: TensorElement & FixedWidthInteger>(
    _ type: Element.Type, _ rounding: Bool, _ place: String
  ) throws(DatasetError) -> [Element] {
    var result: [Element] = []
    switch self {
    case .integers(let values):
      result.reserveCapacity(values.count)
      for value in values {
        guard let exact = Element(exactly: value) else {
          throw .valueOutOfRange(place: place, value: "\(value)", elementType: Element.elementType)
        }
        result.append(exact)
      }
    case .reals(let values):
      result.reserveCapacity(values.count)
      for value in values {
        let whole = rounding ? value.rounded(.toNearestOrEven) : value
        guard let exact = Element(exactly: whole) else {
          throw .valueOutOfRange(place: place, value: "\(value)", elementType: Element.elementType)
        }
        result.append(exact)
      }
    }
    return result
  }
}
