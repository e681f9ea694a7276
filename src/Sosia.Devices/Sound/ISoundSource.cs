using System;

namespace Sosia.Devices.Sound;

/// <summary>
/// A device that makes sound, or takes it in. Its time is the mixer's: a frame is rendered once, after it has passed, so that what the guest sees of a
/// transfer's progress depends on guest time only.
/// </summary>
internal interface ISoundSource
{
    /// <summary>True while frames have to be rendered; otherwise they are silence and the device stands still.</summary>
    bool IsPlaying { get; }

    /// <summary>Renders the next frames.</summary>
    /// <param name="first">The number of the first of them.</param>
    /// <param name="accumulators">Left and right in turns; the source adds its part, full scale being that of 16 bits.</param>
    void Render(long first, Span<int> accumulators);
}
