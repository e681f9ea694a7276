namespace Sosia.Core.Memory;

/// <summary>Told before anyone – processor, DMA, debugger, loader – changes bytes of a page marked <see cref="RamPageFlags.HasCode"/>.</summary>
public interface ICodePageObserver
{
    /// <summary>Bytes of a code page are about to change.</summary>
    /// <param name="ramPageIndex">The page: offset in guest RAM divided by 4096.</param>
    /// <param name="offset">First byte changed, 0 to 4095.</param>
    /// <param name="byteCount">How many bytes change; the range stays within the page.</param>
    void CodePageWritten(ulong ramPageIndex, int offset, int byteCount);

    /// <summary>Bytes of a code page have changed: for caches of processors that other threads run, which are not touched before.</summary>
    /// <param name="ramPageIndex">The page: offset in guest RAM divided by 4096.</param>
    /// <param name="offset">First byte changed, 0 to 4095.</param>
    /// <param name="byteCount">How many bytes changed; the range stays within the page.</param>
    void CodePageChanged(ulong ramPageIndex, int offset, int byteCount);

    /// <summary>True while it holds code of a page, so that the page must stay marked.</summary>
    /// <param name="ramPageIndex">The page: offset in guest RAM divided by 4096.</param>
    bool HoldsCode(ulong ramPageIndex);
}
