using System.Collections.Generic;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Interrupts;
using Sosia.Core.Time;

namespace Sosia.Core.Execution;

/// <summary>What a machine shows to an engine that runs it as a whole, as one does that leaves it to the host's hypervisor.</summary>
public interface IMachineHardware
{
    /// <summary>The guest physical address space, with the RAM behind it.</summary>
    MemoryBus Memory { get; }

    /// <summary>The I/O ports.</summary>
    PortBus Ports { get; }

    /// <summary>The clock.</summary>
    MachineClock Clock { get; }

    /// <summary>Where guest misuse is counted.</summary>
    DiagnosticLog Log { get; }

    /// <summary>The processors.</summary>
    IReadOnlyList<IVcpu> Cpus { get; }

    /// <summary>The interrupt controllers, if the machine's can be taken over by a host's; null otherwise.</summary>
    IInterruptHardware? Interrupts { get; }
}
