internal import Graphs
internal import Tensors

/// Cast between numbers and booleans. Floats that do not fit an integer saturate, NaN becomes 0.
struct Casting: OperatorKernel {
  private let type: ElementType

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    let code = node.int("to") ?? 0
    guard let type = Int32(exactly: code).flatMap(ElementType.init(rawValue:)) else {
      throw .invalidAttribute(
        operatorName: "Cast", node: node.name, attribute: "to", detail: "is \(code)")
    }
    self.type = type
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    guard input.elementType != type else {
      return site.emitAlias(of: input, shape: input.shape)
    }
    guard let convert = Self.conversion(from: input.elementType, to: type) else {
      throw site.unsupported("\(input.elementType) to \(type)")
    }
    let layout = input.preferredLayout
    let source = site.read(input, layout)
    let result = try site.output(0, type, input.shape, layout)
    let target = site.write(result)
    let count = input.shape.elementCount
    try site.emit([result], kernel: "cast-\(input.elementType)-\(type)", reads: [source]) {
      (run: RunContext) throws(ExecutionError) in
      convert(run.raw(source), run.raw(target), count)
    }
  }

  typealias Conversion = (UnsafeRawPointer, UnsafeMutableRawPointer, Int) -> Void

  static func conversion(from: ElementType, to: ElementType) -> Conversion? {
    switch from {
    case .float32: conversion(from: Float.self, to: to)
    case .float64: conversion(from: Double.self, to: to)
    case .int64: conversion(from: Int64.self, to: to)
    case .int32: conversion(from: Int32.self, to: to)
    case .int16: conversion(from: Int16.self, to: to)
    case .int8: conversion(from: Int8.self, to: to)
    case .uint8: conversion(from: UInt8.self, to: to)
    case .uint16: conversion(from: UInt16.self, to: to)
    case .uint32: conversion(from: UInt32.self, to: to)
    case .bool: conversion(from: Bool.self, to: to)
    default: nil
    }
  }

  private static func conversion<From: CastableElement>(
    from: From.Type, to: ElementType
  ) -> Conversion? {
    switch to {
    case .float32: loop(from, Float.self)
    case .float64: loop(from, Double.self)
    case .int64: loop(from, Int64.self)
    case .int32: loop(from, Int32.self)
    case .int16: loop(from, Int16.self)
    case .int8: loop(from, Int8.self)
    case .uint8: loop(from, UInt8.self)
    case .uint16: loop(from, UInt16.self)
    case .uint32: loop(from, UInt32.self)
    case .bool: loop(from, Bool.self)
    default: nil
    }
  }

  private static func loop<From: CastableElement, To: CastableElement>(
    _ from: From.Type, _ to: To.Type
  ) -> Conversion {
    { source, target, count in
      let input = source.assumingMemoryBound(to: from)
      let output = target.assumingMemoryBound(to: to)
      for index in 0..<count { output[index] = To(input[index].number) }
    }
  }
}

/// A number on its way from one type to another: exact for every type that Cast takes.
enum CastNumber {
  case integer(Int64)
  case real(Double)
}

protocol CastableElement: BitwiseCopyable {
  var number: CastNumber { get }
  init(_ number: CastNumber)
}

extension CastableElement where Self: FixedWidthInteger {
  var number: CastNumber { .integer(Int64(truncatingIfNeeded: self)) }

  init(_ number: CastNumber) {
    switch number {
    case .integer(let value): self = Self(truncatingIfNeeded: value)
    case .real(let value) where value.isNaN: self = 0
    case .real(let value):
      self = Self(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
    }
  }
}

extension CastableElement where Self: BinaryFloatingPoint {
  var number: CastNumber { .real(Double(self)) }

  init(_ number: CastNumber) {
    switch number {
    case .integer(let value): self = Self(value)
    case .real(let value): self = Self(value)
    }
  }
}

extension Bool: CastableElement {
  var number: CastNumber { .integer(self ? 1 : 0) }

  init(_ number: CastNumber) {
    switch number {
    case .integer(let value): self = value != 0
    case .real(let value): self = value != 0
    }
  }
}

extension Float: CastableElement {}
extension Double: CastableElement {}
extension Int64: CastableElement {}
extension Int32: CastableElement {}
extension Int16: CastableElement {}
extension Int8: CastableElement {}
extension UInt8: CastableElement {}
extension UInt16: CastableElement {}
extension UInt32: CastableElement {}
