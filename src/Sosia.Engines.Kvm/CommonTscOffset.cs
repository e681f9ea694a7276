using System.Threading;

namespace Sosia.Engines.Kvm;

/// <summary>The distance of the guest's time-stamp counters from the host's, which a machine's processors have in common unless the guest has set them apart.</summary>
internal sealed class CommonTscOffset
{
    private readonly Lock _gate = new();
    private ulong? _offset;

    /// <summary>The offset for a processor that should have <paramref name="offset"/>: the common one if it is nearer than <paramref name="tolerance"/> ticks.</summary>
    public ulong Fit(ulong offset, ulong tolerance)
    {
        lock (_gate)
        {
            if (_offset is not { } common || offset - common + tolerance > 2 * tolerance)
            {
                _offset = offset;
            }

            return _offset.Value;
        }
    }
}
