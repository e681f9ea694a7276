using System.Collections.Generic;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Execution;
using Sosia.Core.Interrupts;
using Sosia.Core.Time;

namespace Sosia.Theory.Host;

/// <summary>The hardware of a <see cref="MachineProbe"/>'s machine, for engines that want to know it as a whole: a processor, memory, and nothing behind the ports.</summary>
internal sealed record ProbeHardware(MemoryBus Memory, PortBus Ports, MachineClock Clock, DiagnosticLog Log, IReadOnlyList<IVcpu> Cpus) : IMachineHardware
{
    /// <inheritdoc/>
    public IInterruptHardware? Interrupts => null;
}
