namespace Sosia.Devices.Floppy;

/// <summary>How a floppy disk is laid out; sectors have 512 bytes.</summary>
/// <param name="Cylinders">Cylinders.</param>
/// <param name="Heads">Sides, 1 or 2.</param>
/// <param name="SectorsPerTrack">Sectors of one track.</param>
/// <param name="IsFiveInch">True for 5¼ inches, false for 3½ inches.</param>
/// <param name="Rate">The data rate as the controller's registers code it: 0 for 500 kbit/s, 1 for 300, 2 for 250, 3 for 1000.</param>
internal readonly record struct FloppyGeometry(int Cylinders, int Heads, int SectorsPerTrack, bool IsFiveInch, byte Rate)
{
    /// <summary>Bytes per sector.</summary>
    public const int SectorByteCount = 512;

    // 40 cylinders are read by drives for 1.2 MB, which turn faster: 300 kbit/s.
    private static readonly FloppyGeometry[] Known =
    [
        new(40, 1, 8, true, 1),
        new(40, 1, 9, true, 1),
        new(40, 2, 8, true, 1),
        new(40, 2, 9, true, 1),
        new(80, 2, 9, false, 2),
        new(80, 2, 15, true, 0),
        new(80, 2, 18, false, 0),
        new(80, 2, 21, false, 0),
        new(82, 2, 21, false, 0),
        new(80, 2, 36, false, 3),
    ];

    /// <summary>All bytes.</summary>
    public ulong ByteCount => (ulong)(Cylinders * Heads * SectorsPerTrack * SectorByteCount);

    /// <summary>The largest disk.</summary>
    public static ulong MaxByteCount => Known[^1].ByteCount;

    /// <summary>
    /// Finds the layout of an image by its size. One that has no format's size is taken for the beginning of a 1.44 MB disk, or of a 2.88 MB one.
    /// </summary>
    /// <returns>False for an image that is larger than all formats.</returns>
    public static bool TryFind(ulong byteCount, out FloppyGeometry geometry)
    {
        foreach (FloppyGeometry known in Known)
        {
            if (known.ByteCount == byteCount)
            {
                geometry = known;
                return true;
            }
        }

        geometry = byteCount <= Known[6].ByteCount ? Known[6] : Known[^1];
        return byteCount <= geometry.ByteCount;
    }

    /// <summary>Where a sector is in the image.</summary>
    public ulong OffsetOf(int cylinder, int head, int sector)
        => (ulong)((((cylinder * Heads) + head) * SectorsPerTrack) + sector - 1) * SectorByteCount;
}
