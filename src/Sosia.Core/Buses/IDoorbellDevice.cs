using System.Collections.Generic;

namespace Sosia.Core.Buses;

/// <summary>A device with registers that an engine may watch on a thread of its own, so that the guest need not stop for them.</summary>
public interface IDoorbellDevice : IMmioDevice
{
    /// <summary>Its bells; the same as long as it exists.</summary>
    IEnumerable<Doorbell> Doorbells { get; }
}
