namespace Sosia.Core.Buses;

/// <summary>Told when what lies behind guest physical addresses changes, so that cached translations can be dropped.</summary>
public interface IMemoryMapObserver
{
    /// <summary>RAM or a device was mapped, unmapped or moved.</summary>
    void MemoryMapChanged();

    /// <summary>A RAM page's flags now demand the slow write path: fast-path write permission for it must be withdrawn.</summary>
    /// <param name="ramPageIndex">The page: offset in guest RAM divided by 4096.</param>
    void WriteProtectRamPage(ulong ramPageIndex);

    /// <summary>The same for pages of a range, all at once.</summary>
    /// <param name="firstRamPage">The first page: offset in guest RAM divided by 4096.</param>
    /// <param name="pageCount">How many pages.</param>
    void WriteProtectRamPages(ulong firstRamPage, ulong pageCount);
}
