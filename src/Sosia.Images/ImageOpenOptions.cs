namespace Sosia.Images;

/// <summary>How an image is opened.</summary>
public sealed record ImageOpenOptions
{
    /// <summary>The format; null to recognize it by the file's header. What is taken for raw then cannot be given another format's header by writes.</summary>
    public ImageFormat? Format { get; init; }

    /// <summary>True to open it for reading only: it is shared with other readers.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>True to open a damaged image all the same, in order to check it; it is not read or written otherwise, and its backing files stay closed.</summary>
    public bool ForCheck { get; init; }
}
