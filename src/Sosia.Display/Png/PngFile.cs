using System;
using System.IO;
using System.Runtime.InteropServices;
using BigGustave;
using Sosia.Core;

namespace Sosia.Display.Png;

/// <summary>Writes pictures as PNG files.</summary>
public static class PngFile
{
    /// <summary>Writes a picture. The file is complete or not there: it is written under another name first.</summary>
    /// <param name="path">The file; one that exists is replaced.</param>
    /// <param name="image">The picture.</param>
    /// <exception cref="SosiaException">The file cannot be written.</exception>
    public static void Write(string path, ScreenImage image)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(image);
        string temporary = path + ".new";
        try
        {
            using (FileStream stream = File.Create(temporary))
            {
                Write(stream, image);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SosiaException($"The picture '{path}' cannot be written ({error.Message.TrimEnd('.')}); name another file.", FailureKind.Configuration, error);
        }
    }

    /// <summary>Writes a picture to a stream.</summary>
    public static void Write(Stream stream, ScreenImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        byte[] bytes = MemoryMarshal.AsBytes(image.Pixels).ToArray();
        PngBuilder.FromBgra32Pixels(bytes, image.Width, image.Height, useAlphaChannel: false).Save(stream);
    }
}
