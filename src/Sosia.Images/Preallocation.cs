namespace Sosia.Images;

/// <summary>What is allocated when an image is created.</summary>
public enum Preallocation
{
    /// <summary>Nothing: the file grows with what is written.</summary>
    Off,

    /// <summary>Every cluster has its place, but the host's space is not reserved.</summary>
    Metadata,

    /// <summary>The host's space is reserved, too.</summary>
    Falloc,
}
