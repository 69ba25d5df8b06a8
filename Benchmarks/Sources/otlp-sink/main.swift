import BenchmarkSupport
import Glibc

runTool {
    let arguments = try Arguments(CommandLine.arguments.dropFirst())
    let (listener, port) = try Socket.listen(port: try arguments.number("port", default: 0))
    // The first line tells the port; whoever started this waits for it.
    print(port)
    fflush(nil)
    var sink = Sink()
    try sink.run(listener)
}
