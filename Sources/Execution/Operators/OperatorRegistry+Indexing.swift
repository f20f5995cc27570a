extension OperatorRegistry {
  /// Operators that pick, place, order and count elements.
  mutating func registerIndexing() {
    register("GatherElements", kernel: ElementGathering.self)
    register("GatherND", kernel: SliceGathering.self)
    register("ScatterElements", "Scatter", kernel: ElementScattering.self)
    register("ScatterND", kernel: SliceScattering.self)
    register("TensorScatter", kernel: CacheUpdate.self)
    register("TopK", kernel: TopK.self)
    register("OneHot", kernel: OneHot.self)
    register("ReverseSequence", kernel: SequenceReversal.self)
    register("NonZero", tensorOperator: NonZero.self)
    register("Compress", tensorOperator: Compress.self)
    register("Unique", tensorOperator: Uniqueness.self)
    register("NonMaxSuppression", tensorOperator: NonMaxSuppression.self)
  }

  /// Sums over named indices, spectra and filters.
  mutating func registerSignal() {
    register("Einsum", kernel: Einsum.self)
    register("DFT", kernel: DiscreteFourier.self)
    register("STFT", kernel: ShortTimeFourier.self)
    register("HannWindow", "HammingWindow", "BlackmanWindow", kernel: Window.self)
    register("MelWeightMatrix", kernel: MelWeightMatrix.self)
  }

  /// Attention in all its forms and what goes with it.
  mutating func registerAttention() {
    register("Attention", kernel: Attention.self)
    register(
      "RotaryEmbedding", "com.microsoft.RotaryEmbedding", kernel: RotaryEmbedding.self)
    register("com.microsoft.Attention", kernel: PackedAttention.self)
    register("com.microsoft.MultiHeadAttention", kernel: MultiHeadAttention.self)
    register("com.microsoft.FusedMatMul", kernel: FusedMatrixMultiplication.self)
    register("LinearAttention", kernel: LinearAttention.self)
    register("SwiGLU", kernel: SwiGLU.self)
  }
}
