mod answers;
mod broken;
mod calls;
