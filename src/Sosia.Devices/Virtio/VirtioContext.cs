using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Time;

namespace Sosia.Devices.Virtio;

/// <summary>The parts of a machine that every virtio device uses.</summary>
/// <param name="Memory">Where rings and buffers lie; devices reach RAM through it as bus masters.</param>
/// <param name="Clock">Lets a device go on with a long queue after the guest has run for a while.</param>
/// <param name="Log">Where guest misuse is counted.</param>
public sealed record VirtioContext(MemoryBus Memory, MachineClock Clock, DiagnosticLog Log);
