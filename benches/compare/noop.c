/* A program that does nothing: its time is the cost of a process. */
int main(void)
{
    return 0;
}
