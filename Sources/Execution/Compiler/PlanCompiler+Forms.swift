internal import Kernels
internal import Tensors

/// Bringing a value into the form that a step asks for.
extension PlanCompiler {
  /// The buffer that holds `value` in `layout`, converted by a step of its own where needed.
  func buffer(of value: Value, in layout: Layout) -> Buffer.ID {
    if let form = value.forms[layout] { return form }
    if value.forms.isEmpty, let codes = value.codes {
      materialize(value, from: codes)
      return buffer(of: value, in: layout)
    }
    if value.forms.isEmpty, let transposition = value.transposition {
      value.forms[.rowMajor] = carryOut(transposition)
      return buffer(of: value, in: layout)
    }
    guard let (other, form) = value.forms.first else {
      preconditionFailure("value '\(value.name)' has no form")
    }
    if Layout.coincide(for: value.shape) {
      value.forms[layout] = form
      return form
    }
    let converted = convert(value, form: form, from: other, to: layout)
    value.forms[layout] = converted
    return converted
  }

  /// Makes the bytes that the model's own type has, out of the codes inside the plan.
  private func materialize(_ value: Value, from codes: Codes) {
    let layout = codes.value.layout
    let source = buffer(of: codes.value, in: layout)
    let count = value.shape.elementCount
    value.layout = layout
    switch value.elementType {
    case .uint8:
      value.forms = codes.value.forms
    case .int8:
      let target = addBuffer(.arena, byteCount: count)
      let kernels = Int8Kernels(isa: isa)
      emitConversion(value, kernel: "shift-codes", reads: source, writes: target) { run in
        kernels.offset(run.codes(source), run.codes(target), count: count, by: 128, pool: run.pool)
      }
      value.forms[layout] = target
    default:
      let target = addBuffer(.arena, byteCount: count * 4)
      let scale = codes.scale
      let zeroPoint = codes.zeroPoint
      let kernels = Int8Kernels(isa: isa)
      emitConversion(
        value, operatorName: "DequantizeLinear", kernel: "dequantize-\(isa.forCodes.rawValue)",
        reads: source, writes: target
      ) { run in
        kernels.dequantize(
          run.codes(source), run.floats(target), count: count, scale: scale,
          zeroPoint: zeroPoint, pool: run.pool)
      }
      value.forms[layout] = target
    }
  }

  private func convert(
    _ value: Value, form: Buffer.ID, from: Layout, to: Layout
  ) -> Buffer.ID {
    let shape = value.shape
    let positions = shape.dimensions[2...].reduce(1, *)
    let batch = shape[0]
    let (rows, columns) =
      to == .channelsLast ? (shape[1], positions) : (positions, shape[1])
    let width = value.elementType.bitWidth / 8
    let target = addBuffer(.arena, byteCount: shape.elementCount * width)
    let isa = self.isa
    let kernels = Int8Kernels(isa: isa)
    let type = value.elementType
    let set = type == .float32 ? isa.forFloats : isa.general
    let kernel = "transpose-\(type)-\(set.rawValue)"
    emitConversion(value, operatorName: "Layout", kernel: kernel, reads: form, writes: target) {
      run in
      switch type {
      case .float32:
        LayoutFloat.transpose(
          run.floats(form), into: run.floats(target), batch: batch, rows: rows, columns: columns,
          isa: isa, pool: run.pool)
      case .uint8, .int8, .bool:
        kernels.transpose(
          run.codes(form), run.codes(target), batch: batch, rows: rows, columns: columns,
          pool: run.pool)
      default:
        StridedCopy.transpose(
          run.raw(form), into: run.raw(target), batch: batch, rows: rows, columns: columns,
          width: width)
      }
    }
    return target
  }

  /// Conversions cannot fail, so neither can asking for a form.
  private func emitConversion(
    _ value: Value, operatorName: String = "Layout", kernel: String, reads: Buffer.ID,
    writes: Buffer.ID, body: @escaping (RunContext) -> Void
  ) {
    let step = Step(
      name: value.name, operatorName: operatorName, nodes: [], output: value.name,
      outputShape: value.shape, kernel: kernel, reads: [reads], writes: [writes]
    ) { (run: RunContext) throws(ExecutionError) in body(run) }
    do {
      try emit(step)
    } catch {
      preconditionFailure("a change of form failed: \(error)")
    }
  }
}
