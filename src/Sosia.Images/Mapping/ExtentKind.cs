namespace Sosia.Images.Mapping;

/// <summary>What an image has for a piece of the disk.</summary>
internal enum ExtentKind : byte
{
    /// <summary>Nothing: the image below shows through, or zeros where there is none.</summary>
    Absent,

    /// <summary>Zeros, whatever is below.</summary>
    Zero,

    /// <summary>Bytes of the file that only this piece uses.</summary>
    Data,

    /// <summary>Bytes of the file that something else uses too: they may be read, but not overwritten.</summary>
    SharedData,

    /// <summary>Data in a form that only the format itself can read.</summary>
    Encoded,
}
