internal import Graphs
internal import Kernels
internal import Tensors

/// TopK along one axis, in order; of equal elements the first ones.
struct TopK: OperatorKernel {
  private let axis: Int
  private let takesLargest: Bool

  init(_ node: Node, opset: Int64) {
    axis = Int(clamping: node.int("axis") ?? -1)
    takesLargest = node.int("largest") ?? 1 != 0
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let axis = try site.axis(self.axis, of: input.shape)
    let extent = input.shape[axis]
    let given = try site.integers(1)
    guard given.count == 1, given[0] >= 0, given[0] <= extent else {
      throw site.mismatch("the first \(given) of \(extent) elements")
    }
    guard let keys = OrderKeys(input.elementType) else {
      throw .wrongElementType(
        operatorName: "TopK", node: site.nodeName, found: input.elementType)
    }
    let count = given[0]
    var shape = input.shape
    shape[axis] = count
    let outer = input.shape.dimensions[..<axis].reduce(1, *)
    let inner = input.shape.dimensions[(axis + 1)...].reduce(1, *)
    let width = input.elementType.bitWidth / 8
    let source = site.read(input)
    let values = try site.output(0, input.elementType, shape)
    let indices = try site.output(1, .int64, shape)
    let targets = [site.write(values), site.write(indices)]
    let takesLargest = self.takesLargest
    try site.emit([values, indices], kernel: "topk-\(input.elementType)", reads: [source]) {
      (run: RunContext) throws(ExecutionError) in
      let from = UnsafeRawPointer(run.raw(source))
      let to = run.raw(targets[0])
      let positions = run.elements(targets[1], of: Int64.self)
      run.pool.parallel(outer * inner, grain: max(1, 4_096 / max(extent, 1))) { range in
        var leaders = Leaders(capacity: count)
        for lane in range {
          let first = lane / inner * extent * inner + lane % inner
          leaders.removeAll()
          for index in 0..<extent {
            let key = keys.key(from, first + index * inner)
            leaders.offer(takesLargest ? ~key : key, at: index)
          }
          let start = lane / inner * count * inner + lane % inner
          for (rank, leader) in leaders.sorted().enumerated() {
            positions[start + rank * inner] = Int64(leader.index)
            (to + (start + rank * inner) * width).copyMemory(
              from: from + (first + leader.index * inner) * width, byteCount: width)
          }
        }
      }
    }
  }
}

/// The smallest of many keys, the worst of them on top of a heap.
struct Leaders {
  struct Entry {
    let key: UInt64
    let index: Int

    func comes(before other: Entry) -> Bool {
      key != other.key ? key < other.key : index < other.index
    }
  }

  private let capacity: Int
  private var heap: [Entry] = []

  init(capacity: Int) {
    self.capacity = capacity
    heap.reserveCapacity(capacity)
  }

  mutating func removeAll() { heap.removeAll(keepingCapacity: true) }

  mutating func offer(_ key: UInt64, at index: Int) {
    let entry = Entry(key: key, index: index)
    if heap.count < capacity {
      heap.append(entry)
      rise(heap.count - 1)
    } else if capacity > 0, entry.comes(before: heap[0]) {
      heap[0] = entry
      sink(0)
    }
  }

  /// From the first to the last.
  func sorted() -> [Entry] { heap.sorted { $0.comes(before: $1) } }

  private mutating func rise(_ start: Int) {
    var child = start
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[parent].comes(before: heap[child]) else { return }
      heap.swapAt(parent, child)
      child = parent
    }
  }

  private mutating func sink(_ start: Int) {
    var parent = start
    while true {
      var worst = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if heap[worst].comes(before: heap[child]) { worst = child }
      }
      guard worst != parent else { return }
      heap.swapAt(worst, parent)
      parent = worst
    }
  }
}
